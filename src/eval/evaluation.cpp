#include "src/eval/evaluation.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/distributed/rank_comparison.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/result_json.h"
#include "src/model/clip.h"
#include "src/text/tokenizer.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

// Ranks with different files or settings would score a mixture, or wait for each other forever.
constexpr const char* kRemedy =
    "start all ranks alike, and let them see the same checkpoints and benchmark files";

}  // namespace

Evaluation::Evaluation(const EvaluationOptions& options) : options_(options) {
  for (auto& benchmark : open_benchmarks(options.benchmarks)) {
    const BenchmarkKind& kind = *benchmark.options().kind;
    const std::string& file = benchmark.options().file;
    if (options.format == ResultFormat::kClipBenchmark && kind.clip_benchmark_task().empty()) {
      throw ConfigError(text(file, ": CLIP_benchmark has no task for kind: ", kind.name(),
                             "; leave out --format"));
    }
    std::optional<Leakage> leakage;
    if (!options.near_duplicates.empty()) leakage = read_leakage(options.near_duplicates, file);
    tasks_.push_back({std::move(benchmark), std::move(leakage)});
  }
}

void Evaluation::compare_ranks(const std::string& version, int64_t num_checkpoints,
                               Collectives& collectives, c10::Device device) const {
  std::vector<RankFact> facts = {
      {"the binary", version, /*is_shown=*/true},
      {"the number of checkpoints", std::to_string(num_checkpoints), /*is_shown=*/true},
      {"--batch-size", std::to_string(options_.batch_size), /*is_shown=*/true}};
  for (const Task& task : tasks_) {
    facts.push_back({text("the benchmark ", task.benchmark.name(), " or --precision"),
                     task.benchmark.hash(options_.precision)});
  }
  dermatome::compare_ranks(facts, collectives, device, kRemedy);
}

void Evaluation::score(const std::string& checkpoint, Collectives& collectives, c10::Device device,
                       const Write& write) const {
  const Clip model = load_clip(checkpoint, device);
  dermatome::compare_ranks(
      {{"the model of --checkpoint", hub_config_json(model.config())},
       {"the weights of --checkpoint", std::to_string(weights_checksum(model))}},
      collectives, device, kRemedy);
  const Tokenizer tokenizer;
  const ScoredModel scored = {checkpoint, architecture_name(model.config()),
                              collectives.rank() == 0 ? weights_hash(model) : ""};
  for (const auto& [benchmark, leakage] : tasks_) {
    const Scoring scoring =
        benchmark.run(model, tokenizer, collectives, options_.batch_size, options_.precision);
    const auto result =
        score_together(scoring, {.leakage = leakage ? &*leakage : nullptr}, collectives, device);
    if (!result) continue;
    write(options_.format == ResultFormat::kClipBenchmark
              ? clip_benchmark_json(*result, *benchmark.options().kind, scored)
              : result_json(*result, scored));
  }
}

}  // namespace dermatome
