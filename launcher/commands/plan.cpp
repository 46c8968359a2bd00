// `dermatome plan CONFIG --ranks W [KEY=VALUE…]`: what a run will need, before it waits in a queue.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/plan/devices.h"
#include "src/plan/plan_text.h"
#include "src/plan/run_plan.h"

namespace dermatome {
namespace {

struct PlanArguments {
  std::string config;
  std::vector<std::string> overrides;
  int64_t ranks = 0;
  int64_t ranks_per_host = 0;
  DeviceRequest device;
  bool json = false;
};

void run_plan(const PlanArguments& arguments) {
  const TrainOptions options = load_train_config(arguments.config, arguments.overrides);
  DeviceRequest request = arguments.device;
  request.cpu_sharers = arguments.ranks_per_host > 0 ? arguments.ranks_per_host : arguments.ranks;
  const PlannedDevice device = planned_device(request, options.runtime.device);
  const RunPlan plan = plan_run(options, arguments.ranks, device);
  const std::string text =
      arguments.json ? plan_json(plan, device) + "\n" : plan_text(plan, options, device);
  std::fputs(text.c_str(), stdout);
}

}  // namespace

void add_plan(CLI::App& app) {
  auto* command =
      app.add_subcommand("plan", "Say what a training will need, and whether it can work");
  command->footer(
      "dermatome plan config.yaml --ranks 8 --device H100\n"
      "dermatome plan config.yaml --ranks 2 batch_size=64 accum=2");
  const auto arguments = std::make_shared<PlanArguments>();
  command->add_option("config", arguments->config, "Configuration file (YAML)")->required();
  command->add_option("overrides", arguments->overrides, "Settings to change")
      ->option_text("KEY=VALUE");
  command->add_option("--ranks", arguments->ranks, "Number of ranks")
      ->required()
      ->check(CLI::Range(1, 1'000'000));
  auto* device =
      command->add_option("--device", arguments->device.name,
                          "A rank's GPU, by its name in configs/devices.yaml (H100, for example), "
                          "or cpu (the default, unless runtime.device is cuda)");
  command->add_option("--device-memory", arguments->device.memory,
                      "The device's memory, 141GiB for example; then --device may be any name, or "
                      "be left out");
  command
      ->add_option("--devices", arguments->device.file,
                   "File of further devices for --device, written like configs/devices.yaml")
      ->needs(device);
  command
      ->add_option("--ranks-per-host", arguments->ranks_per_host,
                   "With --device cpu: ranks that share a machine like this one; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", arguments->json, "Print the plan as JSON");
  command->callback([arguments] { run_plan(*arguments); });
}

}  // namespace dermatome
