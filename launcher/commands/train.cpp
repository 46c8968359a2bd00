// `dermatome train CONFIG [KEY=VALUE…]`: trains, or continues a training, on the ranks it was
// started with.
#include <memory>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "launcher/version.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/log.h"
#include "src/core/stop_signal.h"
#include "src/core/text.h"
#include "src/train/environment.h"
#include "src/train/run_checks.h"
#include "src/train/trainer.h"

namespace dermatome {
namespace {

struct TrainArguments {
  std::string config;
  std::vector<std::string> overrides;
  TrainOptions options;
};

int train_on_ranks(Runtime& runtime, const TrainOptions& options) {
  TrainingEnvironment environment;
  environment.collectives = &runtime.collectives();
  environment.connect_cpu_group = [&](const std::string& name) {
    return runtime.connect_cpu_group(name);
  };
  environment.device = runtime.device();
  environment.local_rank = runtime.world().local_rank;
  environment.binary = version();
  if (train(options, environment) == TrainingOutcome::kFinished) return kExitOk;
  log_info(text("stopped ", stop_cause(), "; the same command continues this run"));
  return kExitStopped;
}

}  // namespace

void add_train(CLI::App& app) {
  auto* command = app.add_subcommand("train", "Train, or continue a training, on the ranks given");
  command->footer(
      "dermatome train configs/quickstart.yaml\n"
      "dermatome launch --ranks 8 train config.yaml name=first batch_size=512 optimizer.lr=1e-4");
  auto arguments = std::make_shared<TrainArguments>();
  command->add_option("config", arguments->config, "Configuration file (YAML)")->required();
  command->add_option("overrides", arguments->overrides, "Settings to change")
      ->option_text("KEY=VALUE");
  // Not in the callback, so that `launch` refuses a wrong configuration too, before it starts
  // ranks.
  command->parse_complete_callback([arguments] {
    arguments->options = load_train_config(arguments->config, arguments->overrides);
    if (ranks_to_start() > 0) check_number_of_ranks(arguments->options, ranks_to_start());
  });
  command->callback([arguments] {
    // First: a request to stop may come while the ranks still start.
    watch_stop_signals();
    const TrainOptions options = arguments->options;
    run_on_ranks(options.runtime,
                 [options](Runtime& runtime) { return train_on_ranks(runtime, options); });
  });
}

}  // namespace dermatome
