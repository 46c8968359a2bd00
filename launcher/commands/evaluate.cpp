// `dermatome evaluate`: scores checkpoints on benchmarks.
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launcher/commands/choice.h"
#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "launcher/version.h"
#include "src/eval/evaluation.h"

namespace dermatome {
namespace {

struct EvaluateArguments {
  std::vector<std::string> checkpoints;
  EvaluationOptions evaluation;
  bool json = false;
  ModelUse use;
};

int evaluate(Runtime& runtime, const EvaluateArguments& arguments) {
  EvaluationOptions options = arguments.evaluation;
  options.batch_size = arguments.use.batch_size;
  options.precision = arguments.use.precision;
  const Evaluation evaluation(options);
  evaluation.compare_ranks(version(), static_cast<int64_t>(arguments.checkpoints.size()),
                           runtime.collectives(), runtime.device());
  const bool json = arguments.json || options.format == ResultFormat::kClipBenchmark;
  for (const auto& given : arguments.checkpoints) {
    evaluation.score(find_checkpoint(given, runtime), runtime.collectives(), runtime.device(),
                     [json](const auto& line) { print_result(line, json); });
  }
  return kExitOk;
}

}  // namespace

void add_evaluate(CLI::App& app) {
  auto* command = app.add_subcommand(
      "evaluate",
      "Score checkpoints on benchmarks; a table on a terminal, else one JSON object per line");
  command->footer(
      "dermatome evaluate --checkpoint runs/first --benchmark benchmark.yaml\n"
      "dermatome launch --ranks 8 evaluate --checkpoint runs/first --benchmark a.yaml b.yaml");
  const auto arguments = std::make_shared<EvaluateArguments>();
  EvaluationOptions& evaluation = arguments->evaluation;
  command->add_option("--checkpoint", arguments->checkpoints, kCheckpointHelp)->required();
  command->add_option("--benchmark", evaluation.benchmarks, "Benchmark files (YAML)")->required();
  command->add_option(
      "--near-duplicates", evaluation.near_duplicates,
      "CSV file of `dermatome duplicates TRAINING --against BENCHMARK`: scores with "
      "and without the images it lists");
  command
      ->add_option("--max-bad", evaluation.max_bad,
                   "How many images of a benchmark may be unreadable; they are left out, and the "
                   "result names them")
      ->check(CLI::Range(int64_t{0}, std::numeric_limits<int64_t>::max()))
      ->type_name("IMAGES")
      ->capture_default_str();
  add_choice(*command, "--format", evaluation.format,
             Choices<ResultFormat>{{"dermatome", ResultFormat::kDermatome},
                                   {"clip_benchmark", ResultFormat::kClipBenchmark}},
             "JSON to write; clip_benchmark: CLIP_benchmark's, with its names for the metrics that "
             "it knows");
  command->add_flag("--json", arguments->json, kJsonHelp);
  add_hint_options(*command, evaluation.hints);
  add_model_options(*command, arguments->use);
  command->callback([arguments] {
    run_on_ranks(arguments->use.runtime,
                 [arguments](Runtime& runtime) { return evaluate(runtime, *arguments); });
  });
}

}  // namespace dermatome
