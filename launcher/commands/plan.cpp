// `dermatome plan CONFIG --ranks W [KEY=VALUE…]`: what a run will need, before it waits in a queue.
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>

#include "launcher/commands/commands.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/error.h"
#include "src/plan/run_plan.h"

namespace dermatome {
namespace {

constexpr double kMiB = 1 << 20, kGiB = 1 << 30;

// GiB that nvidia-smi shows.
const std::map<std::string, double> kGpus = {{"H200", 140},   {"H100", 79}, {"A100", 79},
                                             {"A100-40", 39}, {"L40S", 45}, {"V100", 31}};

struct Arguments {
  std::string config;
  std::vector<std::string> overrides;
  int64_t ranks = 0;
  int64_t ranks_per_host = 0;
  std::string device;  // empty: what the configuration asks for
  bool json = false;
};

PlannedDevice planned_device(const Arguments& arguments, DeviceChoice configured) {
  if (arguments.device.empty() && configured == DeviceChoice::kCuda) {
    throw ConfigError("runtime.device is cuda; say by --device which GPU a rank gets");
  }
  if (const auto gpu = kGpus.find(arguments.device); gpu != kGpus.end()) {
    return {gpu->first, gpu->second * kGiB, /*is_gpu=*/true};
  }
  const int64_t ranks = arguments.ranks_per_host > 0 ? arguments.ranks_per_host : arguments.ranks;
  const double memory =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  return {"this machine's memory for each of " + std::to_string(ranks) + " ranks",
          memory / static_cast<double>(ranks), /*is_gpu=*/false};
}

void print_data(const RunPlan& plan, const TrainOptions& options) {
  std::printf("batch        %" PRId64 ", %" PRId64 " images a rank in %" PRId64
              " micro-batch(es); a rank's texts: %.0f, %.0f tokens to encode\n",
              options.batch_size, plan.load.images, options.accum, plan.load.texts.texts,
              plan.load.texts.rows);
  if (!plan.has_data) {
    std::printf("data         %s is not there: the texts are assumed to be as in MAKE's table\n",
                training_data_name(options.data).c_str());
    return;
  }
  std::printf("data         %" PRId64 " samples in %" PRId64
              " shard(s), %.2f GiB; every rank reads from all, so any number divides\n",
              plan.num_samples, plan.num_shards, plan.shard_bytes / kGiB);
  std::printf("steps        %" PRId64 " an epoch (%" PRId64 " samples left out), %" PRId64
              " in all\n",
              plan.length.steps_per_epoch, plan.epoch_samples % options.batch_size,
              plan.length.total_steps);
}

void print_memory(const RunPlan& plan, const PlannedDevice& device) {
  std::printf("memory       MiB a rank, when most is used%s\n",
              device.is_gpu ? " (counted, never compared with a GPU)" : "");
  for (const MemoryPart& part : plan.memory.parts) {
    std::printf("  %10.0f %s%s\n", part.bytes / kMiB, part.what.c_str(),
                device.is_gpu && part.on_host ? " (on the host)" : "");
  }
  std::printf("  %10.0f in all, of %.0f: %s\n", plan.memory.device_bytes / kMiB,
              device.bytes / kMiB, device.name.c_str());
  if (device.is_gpu) {
    std::printf("  %10.0f in all on the host, which is not checked\n",
                plan.memory.host_bytes / kMiB);
  }
}

void print_work(const RunPlan& plan) {
  const auto images = static_cast<double>(plan.load.images) * 1e9;
  const auto& [image, text, objective] = plan.flops;
  std::printf(
      "compute      GFLOP an image: image tower %.2f, text tower %.2f, objective %.3f "
      "(%.1f %%)\n",
      image / images, text / images, objective / images,
      100 * objective / (image + text + objective));
  double sent = 0;
  std::printf("collectives  a step and rank%s\n", plan.collectives.empty() ? ": none" : "");
  for (const PlannedCollective& collective : plan.collectives) {
    std::printf("  %10.2f MiB in %" PRId64 " %s: %s\n", collective.bytes / kMiB, collective.count,
                collective.operation.c_str(), collective.what.c_str());
    sent += collective.sent;
  }
  if (!plan.collectives.empty()) std::printf("  %10.2f MiB sent in all\n", sent / kMiB);
}

nlohmann::json to_json(const RunPlan& plan, const PlannedDevice& device) {
  nlohmann::json memory = nlohmann::json::array(), collectives = nlohmann::json::array();
  for (const MemoryPart& part : plan.memory.parts) {
    memory.push_back({{"what", part.what}, {"bytes", part.bytes}, {"on_host", part.on_host}});
  }
  for (const PlannedCollective& collective : plan.collectives) {
    collectives.push_back({{"operation", collective.operation},
                           {"what", collective.what},
                           {"count", collective.count},
                           {"bytes", collective.bytes},
                           {"sent", collective.sent}});
  }
  return {
      {"ranks", plan.load.ranks},
      {"images", plan.load.images},
      {"texts", plan.load.texts.texts},
      {"text_rows", plan.load.texts.rows},
      {"has_data", plan.has_data},
      {"samples", plan.num_samples},
      {"epoch_samples", plan.epoch_samples},
      {"shards", plan.num_shards},
      {"steps_per_epoch", plan.length.steps_per_epoch},
      {"total_steps", plan.length.total_steps},
      {"memory", memory},
      {"memory_bytes", plan.memory.device_bytes},
      {"host_memory_bytes", plan.memory.host_bytes},
      {"device", device.name},
      {"device_bytes", device.bytes},
      {"flops",
       {{"image_tower", plan.flops.image_tower},
        {"text_tower", plan.flops.text_tower},
        {"objective", plan.flops.objective}}},
      {"collectives", collectives},
      {"checkpoint_bytes", plan.checkpoint_bytes},
      {"checkpoints_at_once", plan.checkpoints_at_once ? nlohmann::json(*plan.checkpoints_at_once)
                                                       : nlohmann::json(nullptr)},
      {"free_disk_bytes", plan.free_disk_bytes}};
}

void run_plan(const Arguments& arguments) {
  const TrainOptions options = load_train_config(arguments.config, arguments.overrides);
  const PlannedDevice device = planned_device(arguments, options.runtime.device);
  const RunPlan plan = plan_run(options, arguments.ranks, device);
  if (arguments.json) {
    std::printf("%s\n", to_json(plan, device).dump(1).c_str());
    return;
  }
  std::printf("plan         %s on %" PRId64 " rank(s)\n", options.name.c_str(), arguments.ranks);
  print_data(plan, options);
  print_memory(plan, device);
  print_work(plan);
  const std::string checkpoints =
      plan.checkpoints_at_once ? std::to_string(*plan.checkpoints_at_once) : "an unknown number of";
  std::printf("disk         %s checkpoint(s) of %.2f GiB, of %.1f GiB free in %s\n",
              checkpoints.c_str(), plan.checkpoint_bytes / kGiB, plan.free_disk_bytes / kGiB,
              options.output.c_str());
  if (plan.has_data && !options.data.stage.empty()) {
    std::printf(
        "staging      %.2f GiB on every host, in %s (its room there is checked at the start)\n",
        plan.shard_bytes / kGiB, options.data.stage.c_str());
  }
}

}  // namespace

void add_plan(CLI::App& app) {
  auto* command =
      app.add_subcommand("plan", "Say what a training will need, and whether it can work");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("config", arguments->config, "Configuration file (YAML)")->required();
  command->add_option("overrides", arguments->overrides, "KEY=VALUE: settings to change");
  command->add_option("--ranks", arguments->ranks, "Number of ranks")
      ->required()
      ->check(CLI::Range(1, 1'000'000));
  std::vector<std::string> devices = {"cpu"};
  for (const auto& [name, gibibytes] : kGpus) devices.push_back(name);
  command
      ->add_option("--device", arguments->device,
                   "A rank's GPU, or cpu (the default, unless runtime.device is cuda)")
      ->check(CLI::IsMember(devices));
  command
      ->add_option("--ranks-per-host", arguments->ranks_per_host,
                   "With --device cpu: ranks that share a machine like this one; 0: all")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--json", arguments->json, "Print the plan as JSON");
  command->callback([arguments] { run_plan(*arguments); });
}

}  // namespace dermatome
