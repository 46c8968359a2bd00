#include "src/plan/plan_text.h"

#include <cinttypes>
#include <nlohmann/json.hpp>

#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/json_text.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

using nlohmann::json;

double in_mib(double bytes) { return bytes / (1 << 20); }
double in_gib(double bytes) { return bytes / (1 << 30); }

std::string data_text(const RunPlan& plan, const TrainOptions& options) {
  const std::string batch =
      format("batch        %" PRId64 ", %" PRId64 " images per rank in %" PRId64
             " micro-batch(es); a rank's texts: %.0f, %.0f tokens to encode\n",
             options.batch_size, plan.load.images, options.accum, plan.load.texts.texts,
             plan.load.texts.rows);
  if (!plan.has_data) {
    return batch + "data         " + training_data_name(options.data) +
           " is not there: the texts are assumed to be like those of MAKE's table\n";
  }
  return batch +
         format("data         %" PRId64 " samples in %" PRId64
                " shard(s), %.2f GiB; every rank reads from all, so any number of shards works\n",
                plan.num_samples, plan.num_shards, in_gib(plan.shard_bytes)) +
         format("steps        %" PRId64 " per epoch (%" PRId64 " samples left out), %" PRId64
                " in all\n",
                plan.length.steps_per_epoch, plan.epoch_samples % options.batch_size,
                plan.length.total_steps);
}

std::string model_text(const MemoryPlan& memory) {
  // Parameters are float32.
  return format("model        %.0f parameters, %.0f of them trained\n", memory.parameter_bytes / 4,
                memory.trained_bytes / 4);
}

std::string memory_text(const RunPlan& plan, const PlannedDevice& device) {
  std::string text = format("memory       MiB per rank, at the peak%s\n",
                            device.is_gpu ? " (counted, never compared with a GPU)" : "");
  for (const MemoryPart& part : plan.memory.parts) {
    text += format("  %10.0f %s%s\n", in_mib(part.bytes), part.what.c_str(),
                   device.is_gpu && part.on_host ? " (on the host)" : "");
  }
  text +=
      format("  %10.0f in all, of %.0f: ", in_mib(plan.memory.device_bytes), in_mib(device.bytes)) +
      device.name + "\n";
  if (device.is_gpu) {
    text += format("  %10.0f in all on the host, which is not checked\n",
                   in_mib(plan.memory.host_bytes));
  }
  return text;
}

std::string work_text(const RunPlan& plan) {
  const auto images = static_cast<double>(plan.load.images) * 1e9;
  const auto& [image, text_tower, objective] = plan.flops;
  std::string text = format(
      "compute      GFLOP per image: image tower %.2f, text tower %.2f, objective %.3f "
      "(%.1f %%)\n",
      image / images, text_tower / images, objective / images,
      100 * objective / (image + text_tower + objective));
  double sent = 0;
  text += format("collectives  per step and rank%s\n", plan.collectives.empty() ? ": none" : "");
  for (const PlannedCollective& collective : plan.collectives) {
    text += format("  %10.2f MiB in %" PRId64 " %s: %s\n", in_mib(collective.bytes),
                   collective.count, collective.operation.c_str(), collective.what.c_str());
    sent += collective.sent;
  }
  if (!plan.collectives.empty()) text += format("  %10.2f MiB sent in all\n", in_mib(sent));
  return text;
}

std::string disk_text(const RunPlan& plan, const TrainOptions& options) {
  const std::string checkpoints =
      plan.checkpoints_at_once ? text(*plan.checkpoints_at_once) : "an unknown number of";
  std::string lines = text("disk         ", checkpoints,
                           format(" checkpoint(s) of %.2f GiB, of %.1f GiB free in ",
                                  in_gib(plan.checkpoint_bytes), in_gib(plan.free_disk_bytes)),
                           options.output, "\n");
  if (plan.has_data && !options.data.stage.empty()) {
    lines += text(format("staging      %.2f GiB on every host, in ", in_gib(plan.shard_bytes)),
                  options.data.stage, " (the free space there is checked at the start)\n");
  }
  return lines;
}

}  // namespace

std::string plan_text(const RunPlan& plan, const TrainOptions& options,
                      const PlannedDevice& device) {
  return "plan         " + options.name + format(" on %" PRId64 " rank(s)\n", plan.load.ranks) +
         data_text(plan, options) + model_text(plan.memory) + memory_text(plan, device) +
         work_text(plan) + disk_text(plan, options);
}

std::string plan_json(const RunPlan& plan, const PlannedDevice& device) {
  json memory = json::array(), collectives = json::array();
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
  const json plan_as_json = {
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
      {"parameter_bytes", plan.memory.parameter_bytes},
      {"trained_parameter_bytes", plan.memory.trained_bytes},
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
      {"checkpoints_at_once",
       plan.checkpoints_at_once ? json(*plan.checkpoints_at_once) : json(nullptr)},
      {"free_disk_bytes", plan.free_disk_bytes}};
  return json_page(plan_as_json);
}

}  // namespace dermatome
