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
constexpr int64_t kTopkQueries = 256;  // per tile, which holds all candidates

constexpr std::string_view kRecallAt = "R@";
constexpr const char* kCaptionsOfImages = "image_to_text_";
constexpr const char* kImagesOfCaptions = "text_to_image_";

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

  // [queries] int64 each: the numbers of RetrievalRanks.
  struct Counts {
    at::Tensor better, own, tied;
  };
  Counts count() const {
    const at::Tensor none = at::zeros({queries_.size(0)}, at::kLong);
    Counts counts = {none.clone(), none.clone(), none.clone()};
    for (int64_t column = 0; column < candidates_.size(0); column += kCandidates) {
      const at::Tensor tile = cosines(column);
      const at::Tensor equal = tile == best_;
      const at::Tensor equal_own = equal.logical_and(own(column)).sum(1);
      counts.better += (tile > best_).sum(1);
      counts.own += equal_own;
      counts.tied += equal.sum(1) - equal_own;
    }
    return counts;
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

// The probability that query i finds an own candidate among the first k: that not all of the tied
// ones among them are others'. The product is C(tied, m) / C(tied + own, m).
double hit_probability(const RetrievalRanks& ranks, size_t i, int64_t k) {
  const int64_t all = ranks.tied[i] + ranks.own[i];
  const int64_t drawn = std::clamp<int64_t>(k - ranks.better[i], 0, all);
  double missed = 1;
  for (int64_t j = 0; j < ranks.own[i] && missed > 0; ++j) {
    missed *= static_cast<double>(all - drawn - j) / static_cast<double>(all - j);
  }
  return 1 - missed;
}

// From 0: of own + 1 gaps before, between and behind the own candidates, the others fall into each
// equally often.
double expected_rank(const RetrievalRanks& ranks, size_t i) {
  return static_cast<double>(ranks.better[i]) +
         static_cast<double>(ranks.tied[i]) / static_cast<double>(ranks.own[i] + 1);
}

bool is_recall(const std::string& metric) { return metric.starts_with(kRecallAt); }
int64_t k_of(const std::string& recall) { return std::stoll(recall.substr(kRecallAt.size())); }

double score(const RetrievalRanks& ranks, const std::string& metric,
             std::span<const double> weights) {
  if (is_recall(metric)) return recall_at(ranks, k_of(metric), weights);
  if (metric == "mean_rank") return mean_rank(ranks, weights);
  if (metric == "median_rank") return median_rank(ranks, weights);
  throw InternalError("unknown retrieval metric " + metric);
}

void add_scores(const RetrievalRanks& ranks, const std::vector<std::string>& metrics,
                std::span<const double> weights, const std::string& direction,
                std::map<std::string, double>& scores) {
  for (const auto& metric : metrics) {
    scores[direction + metric] = score(ranks, metric, weights);
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
    append(ranks.better, counts.better);
    append(ranks.own, counts.own);
    append(ranks.tied, counts.tied);
  }
  return ranks;
}

double recall_at(const RetrievalRanks& ranks, int64_t k, std::span<const double> weights) {
  return weighted_mean(weights, [&](size_t i) { return hit_probability(ranks, i, k); });
}

double mean_rank(const RetrievalRanks& ranks, std::span<const double> weights) {
  return weighted_mean(weights, [&](size_t i) { return expected_rank(ranks, i); }) + 1;
}

double median_rank(const RetrievalRanks& ranks, std::span<const double> weights) {
  std::vector<std::pair<double, double>> sorted;  // ranks and how often they count
  double all = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    sorted.emplace_back(std::ceil(expected_rank(ranks, i)), weights[i]);
    all += weights[i];
  }
  std::ranges::sort(sorted);
  // The rank at `place` of the sorted list in which every rank stands as often as it counts.
  const auto at_place = [&](double place) {
    double before = 0;
    for (const auto& [rank, weight] : sorted) {
      before += weight;
      if (place < before) return rank;
    }
    return sorted.back().first;
  };
  const double low = at_place(std::floor((all - 1) / 2));
  const double high = at_place(std::ceil((all - 1) / 2));
  return std::floor((low + high) / 2) + 1;
}

double topk_recall_at(const at::Tensor& queries, const at::Tensor& candidates,
                      std::span<const int64_t> own_first, std::span<const int64_t> own_last,
                      int64_t k) {
  const int64_t n = queries.size(0);
  const at::Tensor first = as_tensor(own_first).unsqueeze(1);
  const at::Tensor last = as_tensor(own_last).unsqueeze(1);
  int64_t hits = 0;
  for (int64_t row = 0; row < n; row += kTopkQueries) {
    const int64_t count = std::min(kTopkQueries, n - row);
    const at::Tensor cosines = queries.narrow(0, row, count).mm(candidates.t());
    const at::Tensor found = std::get<1>(cosines.topk(std::min(k, candidates.size(0)), 1));
    const at::Tensor own =
        (found >= first.narrow(0, row, count)).logical_and(found < last.narrow(0, row, count));
    hits += own.any(1).sum().item<int64_t>();
  }
  return static_cast<double>(hits) / static_cast<double>(n);
}

Retrieval::Retrieval(const at::Tensor& images, const at::Tensor& texts,
                     const std::vector<int64_t>& image_of)
    : images_(images),
      texts_(texts),
      first_caption_(static_cast<size_t>(images.size(0))),
      last_caption_(first_caption_),
      image_of_(image_of),
      behind_image_(image_of) {
  for (int64_t caption = 0; caption < std::ssize(image_of); ++caption) {
    const int64_t image = image_of[caption];
    if (last_caption_[image] == 0) first_caption_[image] = caption;
    last_caption_[image] = caption + 1;
  }
  require(std::ranges::is_sorted(image_of) && std::ranges::count(last_caption_, 0) == 0,
          "captions in the order of their images, at least one each");
  for (int64_t& image : behind_image_) ++image;
  image_to_text_ = retrieval_ranks(images, texts, first_caption_, last_caption_);
  text_to_image_ = retrieval_ranks(texts, images, image_of_, behind_image_);
}

std::map<std::string, double> Retrieval::scores(const std::vector<std::string>& metrics,
                                                std::span<const double> weights) const {
  std::vector<double> of_captions;
  for (const int64_t image : image_of_) of_captions.push_back(weights[image]);
  std::map<std::string, double> scores;
  add_scores(image_to_text_, metrics, weights, kCaptionsOfImages, scores);
  add_scores(text_to_image_, metrics, of_captions, kImagesOfCaptions, scores);
  return scores;
}

std::map<std::string, double> Retrieval::clip_benchmark_scores(
    const std::vector<std::string>& metrics) const {
  auto all = scores(metrics, std::vector<double>(first_caption_.size(), 1.0));
  for (const auto& metric : metrics) {
    if (!is_recall(metric)) continue;
    const int64_t k = k_of(metric);
    all[kCaptionsOfImages + metric] =
        topk_recall_at(images_, texts_, first_caption_, last_caption_, k);
    all[kImagesOfCaptions + metric] = topk_recall_at(texts_, images_, image_of_, behind_image_, k);
  }
  return all;
}

}  // namespace dermatome
