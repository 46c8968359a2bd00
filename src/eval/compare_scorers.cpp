#include "src/eval/compare_scorers.h"

#include "src/core/text.h"
#include "src/distributed/rank_comparison.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

constexpr const char* kAlike =
    "start all ranks alike, and let them see the same checkpoints and benchmark files";

}  // namespace

std::vector<RankFact> benchmark_facts(const std::vector<Benchmark>& benchmarks,
                                      const std::string& where) {
  std::vector<std::string> names;
  for (const Benchmark& benchmark : benchmarks) names.push_back(benchmark.name());
  std::vector<RankFact> facts = {{"the list of " + where, list_value(names), /*is_shown=*/true}};
  for (const Benchmark& benchmark : benchmarks) {
    // The precision is compared by itself, so any will do here.
    facts.push_back({text("the benchmark ", benchmark.name(), " of ", where),
                     benchmark.hash(Precision::kFp32)});
  }
  return facts;
}

void compare_scorers(const ScorerSettings& settings, const std::vector<Benchmark>& benchmarks,
                     const std::vector<RankFact>& further, Collectives& collectives,
                     c10::Device device) {
  if (collectives.size() == 1) return;
  std::vector<RankFact> facts = {
      {"the binary", settings.binary, /*is_shown=*/true},
      {"--batch-size", std::to_string(settings.batch_size), /*is_shown=*/true},
      {"--precision", settings.precision == Precision::kAmpBf16 ? "amp_bf16" : "fp32",
       /*is_shown=*/true}};
  facts.insert(facts.end(), further.begin(), further.end());
  const std::vector<RankFact> of_benchmarks = benchmark_facts(benchmarks, "--benchmark");
  facts.insert(facts.end(), of_benchmarks.begin(), of_benchmarks.end());
  compare_ranks(facts, collectives, device, kAlike);
}

void compare_loaded(const Clip& model, const std::string& checkpoint, Collectives& collectives,
                    c10::Device device) {
  if (collectives.size() == 1) return;
  compare_ranks({{"the model of " + checkpoint, config_identity(model.config())},
                 {"the weights of " + checkpoint, std::to_string(weights_checksum(model))}},
                collectives, device, kAlike);
}

}  // namespace dermatome
