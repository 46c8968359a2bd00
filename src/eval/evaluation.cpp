#include "src/eval/evaluation.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "src/core/error.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/result_json.h"
#include "src/model/clip.h"
#include "src/text/tokenizer.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {

Evaluation::Evaluation(const EvaluationOptions& options) : options_(options) {
  for (auto& benchmark : open_benchmarks(options.benchmarks)) {
    const BenchmarkKind& kind = *benchmark.options().kind;
    const std::string& file = benchmark.options().file;
    if (options.format == ResultFormat::kClipBenchmark && kind.clip_benchmark_task().empty()) {
      throw ConfigError(file + ": CLIP_benchmark has no task for kind: " +
                        std::string(kind.name()) + "; leave out --format");
    }
    std::optional<Leakage> leakage;
    if (!options.near_duplicates.empty()) leakage = read_leakage(options.near_duplicates, file);
    tasks_.push_back({std::move(benchmark), std::move(leakage)});
  }
}

void Evaluation::score(const std::string& checkpoint, Collectives& collectives, c10::Device device,
                       const Write& write) const {
  const Clip model = load_clip(checkpoint, device);
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
