// `dermatome evaluate`: scores checkpoints on benchmarks.
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "launcher/version.h"
#include "src/core/error.h"
#include "src/core/json_text.h"
#include "src/distributed/rank_comparison.h"
#include "src/eval/benchmark.h"
#include "src/eval/leakage.h"
#include "src/eval/result_json.h"
#include "src/text/tokenizer.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

enum class Format { kDermatome, kClipBenchmark };

struct Arguments {
  std::vector<std::string> checkpoints;
  std::vector<std::string> benchmarks;
  std::string near_duplicates;
  Format format = Format::kDermatome;
  ModelUse use;
};

struct Task {
  Benchmark benchmark;
  std::optional<Leakage> leakage;  // nullopt: not checked
};

// Ranks with other files or settings would score a mixture, or wait for each other for ever.
constexpr const char* kRemedy =
    "start all ranks alike, and let them see the same checkpoints and benchmark files";

void compare_tasks(const std::vector<Task>& tasks, const Arguments& arguments, Runtime& runtime) {
  std::vector<RankFact> facts = {
      {"the binary", version(), /*is_shown=*/true},
      {"the number of checkpoints", std::to_string(arguments.checkpoints.size()),
       /*is_shown=*/true},
      {"--batch-size", std::to_string(arguments.use.batch_size), /*is_shown=*/true}};
  for (const Task& task : tasks) {
    facts.push_back({"the benchmark " + task.benchmark.name() + " or --precision",
                     task.benchmark.hash(arguments.use.precision)});
  }
  compare_ranks(facts, runtime.collectives(), runtime.device(), kRemedy);
}

void evaluate_checkpoint(const std::string& checkpoint, const std::vector<Task>& benchmarks,
                         const Arguments& arguments, Runtime& runtime) {
  const Clip model = load_clip(checkpoint, runtime.device());
  compare_ranks({{"the model of --checkpoint", hub_config_json(model.config())},
                 {"the weights of --checkpoint", std::to_string(weights_checksum(model))}},
                runtime.collectives(), runtime.device(), kRemedy);
  const Tokenizer tokenizer;
  const bool is_root = runtime.world().rank == 0;
  const ScoredModel scored = {checkpoint, architecture_name(model.config()),
                              is_root ? weights_hash(model) : ""};
  for (const auto& [benchmark, leakage] : benchmarks) {
    const Scoring scoring = benchmark.run(model, tokenizer, runtime.collectives(),
                                          arguments.use.batch_size, arguments.use.precision);
    const auto result = score_together(scoring, {.leakage = leakage ? &*leakage : nullptr},
                                       runtime.collectives(), runtime.device());
    if (!result) continue;
    const auto line = arguments.format == Format::kClipBenchmark
                          ? clip_benchmark_json(*result, scored)
                          : result_json(*result, scored);
    std::cout << json_line(line) << std::endl;
  }
}

int evaluate_on_ranks(Runtime& runtime, const Arguments& arguments) {
  // Everything that can be wrong is read before the first picture is encoded.
  std::vector<Task> benchmarks;
  for (auto& benchmark : open_benchmarks(arguments.benchmarks)) {
    const BenchmarkOptions& options = benchmark.options();
    if (arguments.format == Format::kClipBenchmark && options.kind == BenchmarkKind::kConcepts) {
      throw ConfigError(options.file +
                        ": CLIP_benchmark has no concept annotation; leave out --format");
    }
    std::optional<Leakage> leakage;
    if (!arguments.near_duplicates.empty()) {
      leakage = read_leakage(arguments.near_duplicates, options.file);
    }
    benchmarks.push_back({std::move(benchmark), std::move(leakage)});
  }
  compare_tasks(benchmarks, arguments, runtime);
  for (const auto& given : arguments.checkpoints) {
    evaluate_checkpoint(find_checkpoint(given, runtime), benchmarks, arguments, runtime);
  }
  return kExitOk;
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto* command = app.add_subcommand(
      "evaluate", "Score checkpoints on benchmarks, one JSON object a line on standard output");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("--checkpoint", arguments->checkpoints, kCheckpointHelp)->required();
  command->add_option("--benchmark", arguments->benchmarks, "Benchmark files (YAML)")->required();
  command->add_option(
      "--near-duplicates", arguments->near_duplicates,
      "CSV file of `dermatome duplicates TRAINING --against BENCHMARK`: scores with "
      "and without the pictures it lists");
  command
      ->add_option(
          "--format", arguments->format,
          "dermatome, or clip_benchmark: its JSON, with its names for the metrics it knows")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Format>{
          {"dermatome", Format::kDermatome}, {"clip_benchmark", Format::kClipBenchmark}}));
  add_model_options(*command, arguments->use);
  command->callback([arguments] {
    run_on_ranks(arguments->use.runtime,
                 [arguments](Runtime& runtime) { return evaluate_on_ranks(runtime, *arguments); });
  });
}

}  // namespace dermatome
