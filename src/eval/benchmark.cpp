#include "src/eval/benchmark.h"

#include <ATen/ATen.h>

#include <chrono>
#include <cstring>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "src/config/model_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/json_text.h"
#include "src/core/log.h"
#include "src/core/row_range.h"
#include "src/core/text.h"
#include "src/distributed/text_gather.h"
#include "src/distributed/wait_together.h"
#include "src/eval/benchmark_features.h"
#include "src/eval/benchmark_file.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/data_hash.h"
#include "src/eval/encode.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/readable_part.h"
#include "src/model/clip.h"
#include "src/text/tokenizer.h"

namespace dermatome {
namespace {

// The rows of `count` that rank `rank` encodes.
Span rows_of(int rank, size_t count, const Collectives& collectives) {
  return part_of_rows(static_cast<int64_t>(count), rank, collectives.size());
}

// Keeps ranks together that encode at different speeds. They meet after every batch, and a rank
// that has fewer batches still comes to every meeting, so that no rank waits in a collective for
// longer than one batch takes.
class Rounds {
 public:
  Rounds(size_t num_images, size_t num_texts, int64_t batch_size, Collectives& collectives)
      : collectives_(collectives) {
    const auto batches = [&](size_t n) {
      // No rank has more rows than the first one.
      return (rows_of(0, n, collectives).size + batch_size - 1) / batch_size;
    };
    left_ = collectives.size() > 1 ? batches(num_images) + batches(num_texts) : 0;
  }

  void meet() {
    if (left_ == 0) return;
    --left_;
    collectives_.barrier("batch of a benchmark");
  }

  void meet_to_the_end() {
    while (left_ > 0) meet();
  }

 private:
  Collectives& collectives_;
  int64_t left_;
};

// What all ranks encoded: the features of all rows in their order, or why there are none.
struct Gathered {
  BenchmarkFeatures features;
  std::string failure;    // why the first rank that failed did so; empty: none failed
  Unreadable unreadable;  // by place in the table
};

// Checksums travel behind their images' features, as two numbers of 16 bits, which floats hold
// exactly. [n, d + 2]
at::Tensor with_checksums(const at::Tensor& images, const std::vector<uint32_t>& checksums) {
  std::vector<float> halves;
  for (const uint32_t checksum : checksums) {
    halves.push_back(static_cast<float>(checksum >> 16));
    halves.push_back(static_cast<float>(checksum & 0xFFFF));
  }
  return at::cat({images, at::tensor(halves).view({-1, 2}).to(images.device())}, 1);
}

std::vector<uint32_t> checksums_of(const at::Tensor& halves) {
  const at::Tensor numbers = halves.to(at::kLong).contiguous();
  const auto* data = numbers.const_data_ptr<int64_t>();
  std::vector<uint32_t> checksums;
  for (int64_t i = 0; i < numbers.size(0); ++i) {
    checksums.push_back(static_cast<uint32_t>(data[2 * i] << 16 | data[2 * i + 1]));
  }
  return checksums;
}

// Gives all ranks the `message` of rank `root`, cut to kLongestMessage bytes.
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

// Each rank sends its image rows, its text rows and one row whose first number is 1 if it
// succeeded.
Gathered gather(const at::Tensor& images, const at::Tensor& texts, const std::string& failure,
                size_t num_images, size_t num_texts, Collectives& collectives) {
  std::vector<int64_t> image_counts;
  std::vector<int64_t> text_counts;
  std::vector<int64_t> counts;
  for (int rank = 0; rank < collectives.size(); ++rank) {
    image_counts.push_back(rows_of(rank, num_images, collectives).size);
    text_counts.push_back(rows_of(rank, num_texts, collectives).size);
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
    gathered.failure = text("rank ", failed_rank, ": ",
                            broadcast_message(failure, failed_rank, images.device(), collectives));
  }
  const at::Tensor rows = at::cat(image_parts);
  const int64_t width = rows.size(1) - 2;
  gathered.features.images = rows.narrow(1, 0, width).contiguous();
  gathered.features.checksums = checksums_of(rows.narrow(1, width, 2));
  gathered.features.texts = at::cat(text_parts).narrow(1, 0, width).contiguous();
  return gathered;
}

// Adds up what ranks could not read; `first` is the table's place of this rank's first image.
Unreadable gather_unreadable(const Unreadable& own, int64_t first, c10::Device device,
                             Collectives& collectives) {
  auto list = nlohmann::json::array();
  for (const auto& [place, reason] : own.reasons) list.push_back({first + place, reason});
  Unreadable all{.allowed = own.allowed, .reasons = {}};
  for (const std::string& part :
       gather_texts(json_line(list), collectives, "unreadable images", device)) {
    for (const auto& entry : nlohmann::json::parse(part)) {
      all.reasons.emplace(entry.at(0).get<int64_t>(), entry.at(1).get<std::string>());
    }
  }
  return all;
}

// Scores what could be read.
BenchmarkResult score_readable(const BenchmarkOptions& options, const BenchmarkTable& table,
                               const Gathered& gathered, const ScoringOptions& how) {
  const Unreadable& unreadable = gathered.unreadable;
  const auto count = std::ssize(unreadable.reasons);
  if (count == 0) return score_benchmark(options, table, gathered.features, how);
  const std::string& reason = unreadable.reasons.begin()->second;
  if (count > unreadable.allowed) {
    throw DataError(text("benchmark ", options.name, " has no scores: ",
                         too_many_unreadable(count, unreadable.allowed, reason)));
  }
  log_warning(text("benchmark ", options.name, ": ", count, " of ", table.images.size(),
                   " images cannot be read and are left out; the first: ", reason));
  const ReadablePart part = readable_part(options, table, gathered.features, unreadable.reasons);
  return score_benchmark(options, part.table, part.features, how);
}

BenchmarkResult score_gathered(const BenchmarkOptions& options, const BenchmarkTable& table,
                               const Gathered& gathered, const ScoringOptions& how) {
  if (!gathered.failure.empty()) {
    throw DataError(text("benchmark ", options.name, " has no scores: ", gathered.failure));
  }
  BenchmarkResult result = score_readable(options, table, gathered, how);
  if (gathered.unreadable.allowed == 0) return result;
  auto images = nlohmann::ordered_json::array();
  for (const auto& [place, reason] : gathered.unreadable.reasons) {
    images.push_back({{"image", table.names[place]}, {"reason", reason}});
  }
  result.details["unreadable"] = {{"count", images.size()}, {"images", images}};
  return result;
}

}  // namespace

std::vector<Benchmark> open_benchmarks(const std::vector<std::string>& paths) {
  std::vector<Benchmark> benchmarks;
  std::set<std::string> names;
  for (const auto& path : paths) {
    benchmarks.emplace_back(load_benchmark(path));
    if (!names.insert(benchmarks.back().name()).second) {
      throw ConfigError(text("benchmark ", path, " has the name of another benchmark, '",
                             benchmarks.back().name(), "'; rename it"));
    }
  }
  return benchmarks;
}

std::optional<BenchmarkResult> score_together(const Scoring& scoring, const ScoringOptions& how,
                                              Collectives& collectives, c10::Device device) {
  std::future<BenchmarkResult> result;
  if (collectives.rank() == 0) {
    result = std::async(std::launch::async, [&] { return scoring(how); });
  }
  wait_together(
      collectives, device,
      [&] { return result.wait_for(std::chrono::seconds(1)) == std::future_status::ready; },
      "scores of a benchmark");
  if (collectives.rank() != 0) return std::nullopt;
  return result.get();
}

Benchmark::Benchmark(const BenchmarkOptions& options)
    : options_(options), table_(read_benchmark_table(options)) {}

std::string Benchmark::hash(Precision precision) const {
  const std::string classes = classes_hash(options_);
  std::string content = read_file(options_.file) + table_.content + classes;
  // What may come from further files. The file itself covers the prompts that it lists.
  auto hashes = nlohmann::ordered_json::object();
  options_.kind->add_hashes(hashes, options_);
  for (const auto& [name, value] : hashes.items()) {
    if (value != classes && value != options_.listed_prompts) content += name + value.dump();
  }
  return sha256_hex(content + (precision == Precision::kAmpBf16 ? "amp_bf16" : "fp32"));
}

Scoring Benchmark::run(const Clip& model, const Tokenizer& tokenizer, Collectives& collectives,
                       int64_t batch_size, Precision precision, int64_t max_bad) const {
  const int rank = collectives.rank();
  const Span image_rows = rows_of(rank, table_.images.size(), collectives);
  const auto own_images = std::span(table_.images).subspan(image_rows.begin, image_rows.size);
  // Equal texts are joined before they are shared out, so that no two ranks encode the same text.
  const DistinctTexts distinct = distinct_texts(tokenizer, options_.kind->texts(options_, table_),
                                                model.config().text.context_length);
  const auto num_texts = static_cast<size_t>(distinct.tokens.size(0));
  const Span text_rows = rows_of(rank, num_texts, collectives);
  const auto features = at::TensorOptions(model.device()).dtype(at::kFloat);
  at::Tensor image_features =
      at::zeros({static_cast<int64_t>(own_images.size()), model.config().embed_dim}, features);
  at::Tensor text_features = at::zeros({text_rows.size, model.config().embed_dim}, features);
  std::vector<uint32_t> checksums(own_images.size());
  std::string failure;
  Unreadable unreadable{.allowed = max_bad, .reasons = {}};
  Rounds rounds(table_.images.size(), num_texts, batch_size, collectives);
  const auto meet = [&] { rounds.meet(); };
  try {
    image_features =
        encode_image_files(model, own_images, batch_size, precision, checksums, meet,
                           FeatureScale::kNormalized, max_bad > 0 ? &unreadable : nullptr);
    text_features =
        encode_tokens(model, distinct.tokens.narrow(0, text_rows.begin, text_rows.size),
                      distinct.lengths.narrow(0, text_rows.begin, text_rows.size),
                      std::span(distinct.texts).subspan(text_rows.begin, text_rows.size),
                      batch_size, precision, meet);
  } catch (const CommunicationError&) {
    throw;
  } catch (const std::exception& error) {
    // The others are on their way to the gather: this rank must come too, and says that it failed.
    failure = error.what();
  }
  rounds.meet_to_the_end();
  Gathered gathered =
      gather(with_checksums(image_features, checksums), at::constant_pad_nd(text_features, {0, 2}),
             failure, table_.images.size(), num_texts, collectives);
  if (max_bad > 0) {
    gathered.unreadable =
        gather_unreadable(unreadable, image_rows.begin, model.device(), collectives);
  }
  if (rank != 0) return {};
  at::Tensor& texts = gathered.features.texts;
  texts = texts.index_select(0, distinct.row);
  return [gathered = std::move(gathered), options = options_, table = table_](
             const ScoringOptions& how) { return score_gathered(options, table, gathered, how); };
}

}  // namespace dermatome
