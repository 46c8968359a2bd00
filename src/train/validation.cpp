#include "src/train/validation.h"

#include <algorithm>
#include <string>
#include <utility>

#include "src/config/train_options.h"
#include "src/core/clock.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/progress.h"
#include "src/core/text.h"
#include "src/distributed/number_gather.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/compare_scorers.h"
#include "src/train/loader_setup.h"
#include "src/train/run_checks.h"
#include "src/train/validation_result.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

using nlohmann::json;

constexpr const char* kObjectiveScores = "loss";

constexpr int64_t kNoBatch = -1;  // the size that a rank gives if it could not read its batch

GlobalSizes gather_sizes(Collectives& collectives, const std::optional<Batch>& batch,
                         c10::Device device) {
  auto sizes =
      gather_numbers({batch ? batch->size() : kNoBatch, batch ? batch->tokens.size(0) : kNoBatch},
                     collectives, device, "validation batch sizes");
  return {std::move(sizes[0]), std::move(sizes[1])};
}

// A benchmark that is encoded.
struct Encoded {
  Scoring scoring;
  double seconds = 0;  // that the encoding took
};

// Adds the benchmarks' scores to `result`.
ValidationResult score_all(const std::vector<Encoded>& encoded, const std::string& weights,
                           ValidationResult result, ValidationFailure on_failure) {
  for (const auto& [scoring, seconds] : encoded) {
    const auto start = Clock::now();
    try {
      const BenchmarkResult found = scoring({.brief = true});
      result.scores[found.name] = found.scores;
      result.benchmarks[found.name] = found.details;
      result.benchmarks[found.name]["hashes"]["weights"] = weights;
      result.seconds[found.name] = seconds + seconds_since(start);
    } catch (const std::exception& error) {
      if (on_failure == ValidationFailure::kFail) throw;
      log_error(text("validation: ", error.what()));
    }
  }
  return result;
}

// Checks that data.validation has texts. If shards cannot be read and the run may go on without
// this loss, the first validation reports them.
void check_validation_texts(const ShardedDataset& dataset, const TrainOptions& options) {
  const auto check = [&] { check_texts(dataset, {options.data.validation}, options); };
  if (options.validation.on_failure == ValidationFailure::kFail) return check();
  try {
    check();
  } catch (const DataError& error) {
    log_warning(text("data.validation: ", error.what()));
  } catch (const StorageLost& error) {
    log_warning(text("data.validation: ", error.what()));
  }
}

}  // namespace

std::unique_ptr<ShardedDataset> open_validation_set(const TrainOptions& options,
                                                    const PreprocessConfig& preprocess,
                                                    const TokenFormat& tokens) {
  if (options.data.validation.empty()) return nullptr;
  auto dataset = std::make_unique<ShardedDataset>(options.data.validation, tokens);
  check_num_captions(*dataset, options);
  check_validation_texts(*dataset, options);
  if (preprocess.interpolation != "bicubic" || preprocess.resize_mode != "shortest") {
    throw ConfigError(
        text("data.validation prepares images with bicubic interpolation and resize_mode "
             "shortest, but the model's preprocess_cfg asks for ",
             preprocess.interpolation, " and ", preprocess.resize_mode,
             "; leave data.validation empty and use benchmarks"));
  }
  return dataset;
}

std::vector<Benchmark> open_benchmarks(const ValidationOptions& options) {
  auto benchmarks = open_benchmarks(options.benchmarks);
  for (const auto& benchmark : benchmarks) {
    if (benchmark.name() == kObjectiveScores) {
      throw ConfigError(text("validation.benchmarks: ", benchmark.options().file, " is named '",
                             kObjectiveScores,
                             "', like the objective on data.validation; rename the benchmark"));
    }
  }
  return benchmarks;
}

ValidationData open_validation(const TrainOptions& options, const PreprocessConfig& preprocess,
                               const TokenFormat& tokens) {
  return {open_validation_set(options, preprocess, tokens), open_benchmarks(options.validation)};
}

std::vector<RankFact> validation_facts(const ValidationData& data) {
  std::vector<RankFact> facts = benchmark_facts(data.benchmarks, "validation.benchmarks");
  facts.insert(facts.begin(),
               {"the data of data.validation", data.dataset ? data.dataset->digest() : "none"});
  return facts;
}

Validation::Validation(const TrainOptions& options, const ValidationData& data, const Clip& model,
                       const Tokenizer& tokenizer, TrainStep& step, Collectives& collectives)
    : options_(options),
      data_(data),
      model_(model),
      tokenizer_(tokenizer),
      step_(step),
      collectives_(collectives) {}

std::optional<json> Validation::objective_on_validation_set() {
  Loader loader(*data_.dataset, loader_options(options_, model_, collectives_, /*training=*/false),
                /*epoch=*/0, /*step=*/0);
  json sums = json::object();  // the objective's values by name, summed over samples
  double samples = 0;
  Progress progress("batches of data.validation", loader.steps_per_epoch());
  for (int64_t i = 0; i < loader.steps_per_epoch(); ++i) {
    std::optional<Batch> batch;
    std::exception_ptr failure;
    try {
      batch = loader.next();
    } catch (const DataError&) {
      failure = std::current_exception();
    } catch (const StorageLost&) {
      failure = std::current_exception();
    }
    const GlobalSizes sizes = gather_sizes(collectives_, batch, model_.device());
    const auto without = std::ranges::find(sizes.images, kNoBatch);
    if (without != sizes.images.end()) {
      report_failure(failure, without - sizes.images.begin());
      return std::nullopt;
    }
    double count = 0;
    for (const int64_t images : sizes.images) count += static_cast<double>(images);
    for (const auto& [name, value] : values_on_host(step_.evaluate(*batch, sizes).objective)) {
      sums[name] = sums.value(name, 0.0) + count * value;
    }
    samples += count;
    progress.add(1);
  }
  for (json& sum : sums) sum = sum.get<double>() / samples;
  return sums;
}

void Validation::report_failure(const std::exception_ptr& own, int64_t failed_rank) const {
  const bool ends_run = options_.validation.on_failure == ValidationFailure::kFail;
  if (own) {
    try {
      std::rethrow_exception(own);
    } catch (const Error& error) {
      if (ends_run) throw;
      log_error(text("validation: data.validation has no loss: ", error.what()));
    }
  }
  if (ends_run) {
    throw CommunicationError(
        text("rank ", failed_rank,
             " could not read its batch of data.validation; its own message says why"));
  }
}

std::optional<std::future<ValidationResult>> Validation::run() {
  ValidationResult result = {json::object(), json::object(), {}};
  if (data_.dataset) {
    const auto start = Clock::now();
    if (auto loss = objective_on_validation_set()) {
      result.scores[kObjectiveScores] = std::move(*loss);
      result.seconds[kObjectiveScores] = seconds_since(start);
    }
  }
  std::vector<Encoded> encoded;
  for (const auto& benchmark : data_.benchmarks) {
    const auto start = Clock::now();
    Scoring scoring = benchmark.run(model_, tokenizer_, collectives_,
                                    options_.validation.batch_size, options_.model.precision);
    encoded.push_back({std::move(scoring), seconds_since(start)});
  }
  if (collectives_.rank() != 0) return std::nullopt;
  std::string weights = encoded.empty() ? "" : weights_hash(model_);
  return std::async(std::launch::async, score_all, std::move(encoded), std::move(weights),
                    std::move(result), options_.validation.on_failure);
}

}  // namespace dermatome
