#include "src/eval/retrieval.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "src/core/error.h"

namespace dermatome {
namespace {

constexpr int64_t kQueries = 1024;     // per tile
constexpr int64_t kCandidates = 4096;  // per tile

at::Tensor as_tensor(std::span<const int64_t> values) {
  return at::tensor(at::IntArrayRef(values.data(), values.size()), at::kLong);
}

// One row of tiles: queries [first, last) against all candidates.
class TileRow {
 public:
  TileRow(const at::Tensor& queries, const at::Tensor& candidates, const at::Tensor& own_first,
          const at::Tensor& own_last)
      : queries_(queries.to(at::kDouble)),
        candidates_(candidates),
        own_first_(own_first),
        own_last_(own_last) {
    const auto first = own_first.min().item<int64_t>();
    const auto last = own_last.max().item<int64_t>();
    best_ = at::full({queries.size(0), 1}, -INFINITY, at::kFloat);
    for (int64_t column = first / kCandidates * kCandidates; column < last; column += kCandidates) {
      const at::Tensor others = own(column).logical_not();
      best_ = at::maximum(best_, cosines(column).masked_fill(others, -INFINITY).amax(1, true));
    }
  }

  // {better, tied}, [queries] int64 each.
  std::pair<at::Tensor, at::Tensor> count() const {
    at::Tensor better = at::zeros({queries_.size(0)}, at::kLong);
    at::Tensor tied = at::zeros({queries_.size(0)}, at::kLong);
    for (int64_t column = 0; column < candidates_.size(0); column += kCandidates) {
      const at::Tensor tile = cosines(column);
      better += (tile > best_).sum(1);
      tied += (tile == best_).logical_and(own(column).logical_not()).sum(1);
    }
    return {better, tied};
  }

 private:
  int64_t width(int64_t column) const {
    return std::min(kCandidates, candidates_.size(0) - column);
  }
  // Rounded to single precision, so that equal candidates tie: the last bits of a product depend on
  // where in a tile it is computed.
  at::Tensor cosines(int64_t column) const {
    const at::Tensor tile = candidates_.narrow(0, column, width(column));
    return queries_.mm(tile.to(at::kDouble).t()).to(at::kFloat);
  }
  // [queries, width] bool
  at::Tensor own(int64_t column) const {
    const at::Tensor index = at::arange(column, column + width(column));
    return (index >= own_first_.unsqueeze(1)).logical_and(index < own_last_.unsqueeze(1));
  }

  at::Tensor queries_;  // double
  at::Tensor candidates_, own_first_, own_last_;
  at::Tensor best_;  // [queries, 1]: the best own cosine
};

double weighted_mean(std::span<const double> weights, const auto& value) {
  double sum = 0;
  double all = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    sum += weights[i] * value(i);
    all += weights[i];
  }
  return sum / all;
}

double score(std::span<const int64_t> ranks, const std::string& metric,
             std::span<const double> weights) {
  constexpr std::string_view kRecall = "R@";
  if (metric.starts_with(kRecall)) {
    return recall_at(ranks, std::stoll(metric.substr(kRecall.size())), weights);
  }
  if (metric == "mean_rank") return mean_rank(ranks, weights);
  if (metric == "median_rank") return median_rank(ranks, weights);
  throw InternalError("unknown retrieval metric " + metric);
}

void add_scores(const RetrievalRanks& ranks, const std::vector<std::string>& metrics,
                std::span<const double> weights, const std::string& direction,
                std::map<std::string, double>& scores) {
  for (const auto& metric : metrics) {
    scores[direction + metric] = score(ranks.better, metric, weights);
  }
  scores[direction + "tied"] =
      weighted_mean(weights, [&](size_t i) { return ranks.tied[i] > 0 ? 1.0 : 0.0; });
}

}  // namespace

RetrievalRanks retrieval_ranks(const at::Tensor& queries, const at::Tensor& candidates,
                               std::span<const int64_t> own_first,
                               std::span<const int64_t> own_last) {
  const int64_t n = queries.size(0);
  require(std::ssize(own_first) == n && std::ssize(own_last) == n, "own candidates of each query");
  RetrievalRanks ranks;
  for (int64_t first = 0; first < n; first += kQueries) {
    const int64_t count = std::min(kQueries, n - first);
    const auto part = [&](std::span<const int64_t> all) {
      return as_tensor(all.subspan(static_cast<size_t>(first), static_cast<size_t>(count)));
    };
    const auto counts =
        TileRow(queries.narrow(0, first, count), candidates, part(own_first), part(own_last))
            .count();
    const auto append = [&](std::vector<int64_t>& to, const at::Tensor& values) {
      const auto* data = values.const_data_ptr<int64_t>();
      to.insert(to.end(), data, data + values.numel());
    };
    append(ranks.better, counts.first);
    append(ranks.tied, counts.second);
  }
  return ranks;
}

double recall_at(std::span<const int64_t> ranks, int64_t k, std::span<const double> weights) {
  return weighted_mean(weights, [&](size_t i) { return ranks[i] < k ? 1.0 : 0.0; });
}

double mean_rank(std::span<const int64_t> ranks, std::span<const double> weights) {
  return weighted_mean(weights, [&](size_t i) { return static_cast<double>(ranks[i]); }) + 1;
}

double median_rank(std::span<const int64_t> ranks, std::span<const double> weights) {
  std::vector<std::pair<int64_t, double>> sorted;
  double all = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    sorted.emplace_back(ranks[i], weights[i]);
    all += weights[i];
  }
  std::ranges::sort(sorted);
  // The rank at `place` of the sorted list in which every rank stands as often as it counts.
  const auto at_place = [&](double place) {
    double before = 0;
    for (const auto& [rank, weight] : sorted) {
      before += weight;
      if (place < before) return static_cast<double>(rank);
    }
    return static_cast<double>(sorted.back().first);
  };
  const double low = at_place(std::floor((all - 1) / 2));
  const double high = at_place(std::ceil((all - 1) / 2));
  return std::floor((low + high) / 2) + 1;
}

Retrieval::Retrieval(const at::Tensor& images, const at::Tensor& texts,
                     const std::vector<int64_t>& image_of)
    : image_of_(image_of) {
  const int64_t n = images.size(0);
  std::vector<int64_t> first(n), last(n);
  for (int64_t caption = 0; caption < std::ssize(image_of); ++caption) {
    const int64_t image = image_of[caption];
    if (last[image] == 0) first[image] = caption;
    last[image] = caption + 1;
  }
  require(std::ranges::is_sorted(image_of) && std::ranges::count(last, 0) == 0,
          "captions in the order of their images, at least one each");
  image_to_text_ = retrieval_ranks(images, texts, first, last);
  std::vector<int64_t> behind = image_of;
  for (int64_t& image : behind) ++image;
  text_to_image_ = retrieval_ranks(texts, images, image_of, behind);
}

std::map<std::string, double> Retrieval::scores(const std::vector<std::string>& metrics,
                                                std::span<const double> weights) const {
  std::vector<double> of_captions;
  for (const int64_t image : image_of_) of_captions.push_back(weights[image]);
  std::map<std::string, double> scores;
  add_scores(image_to_text_, metrics, weights, "image_to_text_", scores);
  add_scores(text_to_image_, metrics, of_captions, "text_to_image_", scores);
  return scores;
}

}  // namespace dermatome
