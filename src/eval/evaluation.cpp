#include "src/eval/evaluation.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "src/core/clock.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/progress.h"
#include "src/core/text.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/compare_scorers.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/result_json.h"
#include "src/model/clip.h"
#include "src/weights/text_model_files.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {

Evaluation::Evaluation(const EvaluationOptions& options)
    : options_(options), benchmarks_(open_benchmarks(options.benchmarks)) {
  for (const Benchmark& benchmark : benchmarks_) {
    const BenchmarkKind& kind = *benchmark.options().kind;
    const std::string& file = benchmark.options().file;
    if (options.format == ResultFormat::kClipBenchmark && options.max_bad > 0) {
      throw ConfigError(
          "--max-bad: --format clip_benchmark has no place for the names of images that are left "
          "out; leave one of the two out");
    }
    if (options.format == ResultFormat::kClipBenchmark && kind.clip_benchmark_task().empty()) {
      throw ConfigError(text(file, ": CLIP_benchmark has no task for kind: ", kind.name(),
                             "; leave out --format"));
    }
    std::optional<Leakage> leakage;
    if (!options.near_duplicates.empty()) leakage = read_leakage(options.near_duplicates, file);
    leakages_.push_back(std::move(leakage));
  }
}

void Evaluation::compare_ranks(const std::string& version, int64_t num_checkpoints,
                               Collectives& collectives, c10::Device device) const {
  compare_scorers(
      {version, options_.batch_size, options_.precision}, benchmarks_,
      {{"the number of checkpoints", std::to_string(num_checkpoints), /*is_shown=*/true},
       {"--max-bad", std::to_string(options_.max_bad), /*is_shown=*/true}},
      collectives, device);
}

void Evaluation::score(const std::string& checkpoint, Collectives& collectives, c10::Device device,
                       const Write& write) const {
  const Clip model = load_clip(checkpoint, device, options_.hints);
  compare_loaded(model, "--checkpoint", collectives, device);
  const std::unique_ptr<const Tokenizer> tokenizer = model_tokenizer(model.config());
  const ScoredModel scored = {checkpoint, architecture_name(model.config()),
                              collectives.rank() == 0 ? weights_hash(model) : ""};
  for (size_t i = 0; i < benchmarks_.size(); ++i) {
    const Benchmark& benchmark = benchmarks_[i];
    const std::optional<Leakage>& leakage = leakages_[i];
    const auto start = Clock::now();
    const Scoring scoring = benchmark.run(model, *tokenizer, collectives, options_.batch_size,
                                          options_.precision, options_.max_bad);
    // CLIP_benchmark's format has scores alone.
    const bool as_clip_benchmark = options_.format == ResultFormat::kClipBenchmark;
    const auto result = score_together(scoring,
                                       {.brief = as_clip_benchmark,
                                        .as_clip_benchmark = as_clip_benchmark,
                                        .leakage = leakage ? &*leakage : nullptr},
                                       collectives, device);
    if (!result) continue;
    log_info(text(benchmark.name(), ": ", result->num_samples, " images scored in ",
                  duration_text(seconds_since(start))));
    write(as_clip_benchmark ? clip_benchmark_json(*result, *benchmark.options().kind, scored)
                            : result_json(*result, scored));
  }
}

}  // namespace dermatome
