#include "src/eval/benchmark.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "sharding/csv_reader.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/eval/encode.h"
#include "src/eval/zero_shot.h"

namespace dermatome {
namespace {

// A rank's share of n rows: consecutive pieces, the first n % W ranks have one more.
std::pair<size_t, size_t> share(size_t n, int rank, int world_size) {
  const size_t base = n / static_cast<size_t>(world_size);
  const size_t rest = n % static_cast<size_t>(world_size);
  const auto r = static_cast<size_t>(rank);
  const size_t first = r * base + std::min(r, rest);
  return {first, first + base + (r < rest ? 1 : 0)};
}

std::span<const std::string> own_share(const std::vector<std::string>& all,
                                       const Collectives& collectives) {
  const auto [first, last] = share(all.size(), collectives.rank(), collectives.size());
  return std::span(all).subspan(first, last - first);
}

int64_t class_of(const std::string& label, const BenchmarkOptions& options,
                 const std::string& where) {
  const auto found =
      std::ranges::find_if(options.classes, [&](const auto& c) { return c.label == label; });
  if (found == options.classes.end()) {
    throw DataError(where + ": label '" + label + "' is not a class of benchmark " + options.name +
                    "; add the class or correct the label");
  }
  return found - options.classes.begin();
}

// What all ranks encoded: the features in the order of the rows shared out, or why there are none.
struct Gathered {
  at::Tensor images;    // [n, d]
  at::Tensor texts;     // [m, d]
  std::string failure;  // of the first rank that failed
};

// `message` of rank `root`, cut to kLongestMessage bytes, on all ranks.
std::string broadcast_message(std::string message, int root, c10::Device device,
                              Collectives& collectives) {
  constexpr int64_t kLongestMessage = 1024;
  message.resize(kLongestMessage, '\0');
  at::Tensor bytes = at::zeros({kLongestMessage + 1}, at::kByte);
  std::memcpy(bytes.data_ptr(), message.data(), message.size());
  bytes = bytes.to(device);
  collectives.broadcast(bytes, root, "reason of a failed benchmark");
  return static_cast<const char*>(bytes.cpu().data_ptr());
}

// Rank r sends its image rows, its text rows and one row whose first number says that it succeeded.
Gathered gather(const at::Tensor& images, const at::Tensor& texts, const std::string& failure,
                size_t num_images, size_t num_texts, Collectives& collectives) {
  std::vector<int64_t> image_counts;
  std::vector<int64_t> text_counts;
  std::vector<int64_t> counts;
  for (int rank = 0; rank < collectives.size(); ++rank) {
    const auto image_share = share(num_images, rank, collectives.size());
    const auto text_share = share(num_texts, rank, collectives.size());
    image_counts.push_back(static_cast<int64_t>(image_share.second - image_share.first));
    text_counts.push_back(static_cast<int64_t>(text_share.second - text_share.first));
    counts.push_back(image_counts.back() + text_counts.back() + 1);
  }
  const at::Tensor flag =
      at::full({1, images.size(1)}, failure.empty() ? 1.0 : 0.0, images.options());
  RowGather row_gather(collectives, at::cat({images, texts, flag}), counts, "benchmark features");
  const at::Tensor all = row_gather.finish().cpu();

  Gathered gathered;
  int failed_rank = -1;
  std::vector<at::Tensor> image_parts;
  std::vector<at::Tensor> text_parts;
  int64_t row = 0;
  for (int rank = 0; rank < collectives.size(); ++rank) {
    image_parts.push_back(all.slice(0, row, row + image_counts[rank]));
    row += image_counts[rank];
    text_parts.push_back(all.slice(0, row, row + text_counts[rank]));
    row += text_counts[rank];
    if (all[row][0].item<float>() != 1.0f && failed_rank < 0) failed_rank = rank;
    ++row;
  }
  if (failed_rank >= 0) {
    gathered.failure = "rank " + std::to_string(failed_rank) + ": " +
                       broadcast_message(failure, failed_rank, images.device(), collectives);
  }
  gathered.images = at::cat(image_parts);
  gathered.texts = at::cat(text_parts);
  return gathered;
}

BenchmarkResult score(const Gathered& gathered, const BenchmarkOptions& options,
                      const std::vector<int64_t>& labels) {
  if (!gathered.failure.empty()) {
    throw DataError("benchmark " + options.name + " has no scores: " + gathered.failure);
  }
  if (!gathered.images.isfinite().all().item<bool>() ||
      !gathered.texts.isfinite().all().item<bool>()) {
    throw DataError("benchmark " + options.name +
                    " has no scores: the model gives features that are not finite");
  }
  BenchmarkResult result{options.name, gathered.images.size(0), {}};
  if (options.kind == BenchmarkKind::kClassification) {
    result.scores =
        classification_scores(gathered.images, zero_shot_classifier(gathered.texts, options),
                              at::tensor(labels, at::kLong), options.metrics);
  } else {
    result.scores = retrieval_scores(gathered.images, gathered.texts, options.metrics);
  }
  return result;
}

}  // namespace

Benchmark::Benchmark(const BenchmarkOptions& options) : options_(options) {
  const bool classification = options.kind == BenchmarkKind::kClassification;
  const std::string content = read_file(options.csv);
  CsvReader table(content, options.csv);
  const size_t image = table.column(options.image_column);
  const size_t target =
      table.column(classification ? options.label_column : options.caption_column);
  for (CsvRow row; table.next(row);) {
    table_.images.push_back((std::filesystem::path(options.images) / row.fields[image]).string());
    if (classification) {
      const std::string where = options.csv + ":" + std::to_string(row.line);
      table_.labels.push_back(class_of(row.fields[target], options, where));
    } else {
      table_.captions.push_back(row.fields[target]);
    }
  }
  if (table_.images.empty()) throw DataError(options.csv + ": the table has no rows");
}

Scoring Benchmark::run(const Clip& model, const Tokenizer& tokenizer, Collectives& collectives,
                       int64_t batch_size, Precision precision) const {
  const std::vector<std::string> texts =
      options_.kind == BenchmarkKind::kClassification ? class_prompts(options_) : table_.captions;
  const auto own_images = own_share(table_.images, collectives);
  // Told apart before they are shared out: no two ranks encode the same text.
  const DistinctTexts distinct =
      distinct_texts(tokenizer, texts, model.config().text.context_length);
  const auto num_texts = static_cast<size_t>(distinct.tokens.size(0));
  const auto [first_text, last_text] = share(num_texts, collectives.rank(), collectives.size());
  const int64_t num_own_texts = last_text - first_text;
  const auto features = at::TensorOptions(model.device()).dtype(at::kFloat);
  at::Tensor image_features =
      at::zeros({static_cast<int64_t>(own_images.size()), model.config().embed_dim}, features);
  at::Tensor text_features = at::zeros({num_own_texts, model.config().embed_dim}, features);
  std::string failure;
  try {
    image_features = encode_image_files(model, own_images, batch_size, precision);
    text_features =
        encode_tokens(model, distinct.tokens.narrow(0, first_text, num_own_texts),
                      distinct.lengths.narrow(0, first_text, num_own_texts), batch_size, precision);
  } catch (const Error& error) {
    // The others are on their way to the gather: this rank must come too, and says that it failed.
    failure = error.what();
  }
  Gathered gathered =
      gather(image_features, text_features, failure, table_.images.size(), num_texts, collectives);
  if (collectives.rank() != 0) return {};
  gathered.texts = gathered.texts.index_select(0, distinct.row);
  return [gathered = std::move(gathered), options = options_, labels = table_.labels] {
    return score(gathered, options, labels);
  };
}

}  // namespace dermatome
