// `dermatome watch`: scores a run's checkpoints as they appear.
#include "src/watch/watch.h"

#include <memory>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "launcher/version.h"
#include "src/core/stop_signal.h"

namespace dermatome {
namespace {

struct WatchArguments {
  WatchOptions watch;
  ModelUse use;
};

int run_watch(Runtime& runtime, const WatchArguments& arguments) {
  WatchOptions options = arguments.watch;
  options.batch_size = arguments.use.batch_size;
  options.precision = arguments.use.precision;
  return watch(options, version(), runtime.collectives(), runtime.device()) ? kExitOk : kExitData;
}

}  // namespace

void add_watch(CLI::App& app) {
  auto* command = app.add_subcommand(
      "watch", "Score a run's checkpoints as they appear, each once, into RUN/evaluations.jsonl");
  command->footer(
      "dermatome watch runs/first --benchmark benchmark.yaml\n"
      "dermatome watch runs/first --benchmark val.yaml --select val:balanced_accuracy --once");
  const auto arguments = std::make_shared<WatchArguments>();
  WatchOptions& options = arguments->watch;
  command->add_option("run", options.run, "The run's directory")->required();
  command->add_option("--benchmark,--benchmarks", options.benchmarks, "Benchmark files (YAML)")
      ->required();
  command->add_option("--select", options.select,
                      "BENCHMARK:METRIC of a benchmark with the role validation: RUN/best names "
                      "the checkpoint with the best score, and training keeps that checkpoint");
  command->add_option("--interval", options.interval_s, "Seconds between looks for new checkpoints")
      ->check(CLI::Range(0.1, arguments->use.runtime.timeout_s / 2))
      ->capture_default_str();
  CLI::Option* once =
      command->add_flag("--once", options.once, "End when all checkpoints that exist are scored");
  command
      ->add_option("--until-step", options.until_step,
                   "End when a checkpoint of this step or a later one is scored")
      ->check(CLI::NonNegativeNumber)
      ->excludes(once);
  add_model_options(*command, arguments->use);
  command->callback([arguments] {
    watch_stop_signals();
    run_on_ranks(arguments->use.runtime,
                 [arguments](Runtime& runtime) { return run_watch(runtime, *arguments); });
  });
}

}  // namespace dermatome
