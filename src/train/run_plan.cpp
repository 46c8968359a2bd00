#include "src/train/run_plan.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "src/core/error.h"
#include "src/model/transformer.h"
#include "src/objective/objective.h"
#include "src/train/loader_setup.h"

namespace dermatome {
namespace {

std::string gib(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f GiB", bytes / (1 << 30));
  return text;
}

// Of `path`, which need not be there yet.
double free_bytes(std::filesystem::path path) {
  path = std::filesystem::absolute(path);
  while (!std::filesystem::exists(path)) path = path.parent_path();
  return static_cast<double>(std::filesystem::space(path).available);
}

void look_at_data(RunPlan& plan, const TrainOptions& options, int64_t num_ranks) {
  const Tokenizer tokenizer;
  const ShardedDataset dataset(options.data.train, tokenizer.hash());
  plan.has_data = true;
  plan.num_samples = dataset.size();
  plan.num_shards = std::ssize(dataset.manifest().shards);
  for (const ShardEntry& shard : dataset.manifest().shards) {
    plan.shard_bytes += static_cast<double>(shard.bytes);
  }
  check_ranks(options, num_ranks, dataset.size());
  check_num_captions(dataset, options.data.train, options.objective);
  plan.length = run_length(options, dataset.size());
  plan.load.texts = measure_texts(dataset, options, plan.load.images);
}

int64_t checkpoints_at_once(const CheckpointOptions& checkpoint, const RunLength& length) {
  if (checkpoint.keep > 0) return checkpoint.keep + 1;
  int64_t count = 1;  // at the end
  const int64_t epochs =
      length.steps_per_epoch > 0 ? length.total_steps / length.steps_per_epoch : 0;
  if (checkpoint.every_epochs > 0) count += epochs / checkpoint.every_epochs;
  if (checkpoint.every_steps > 0) count += length.total_steps / checkpoint.every_steps;
  return count;
}

// The fewest micro-batches that fit, as advice; empty if none do.
std::string fitting_accum(const ClipConfig& config, TrainOptions options, const StepLoad& load,
                          const PlannedDevice& device) {
  for (options.accum *= 2; options.accum <= load.images; options.accum *= 2) {
    if (plan_memory(config, options, load, device.is_gpu).device_bytes <= device.bytes) {
      return "accum=" + std::to_string(options.accum) + " would fit, ";
    }
  }
  return "";
}

void check_memory(const RunPlan& plan, const ClipConfig& config, const TrainOptions& options,
                  const PlannedDevice& device) {
  if (plan.memory.device_bytes <= device.bytes) return;
  const bool checkpointed = options.model.checkpointed_image_blocks == kAllBlocks;
  throw ConfigError("batch_size " + std::to_string(options.batch_size) + " on " +
                    std::to_string(plan.load.ranks) + " ranks needs " +
                    gib(plan.memory.device_bytes) + " a rank, more than the " + gib(device.bytes) +
                    " of " + device.name + "; " +
                    fitting_accum(config, options, plan.load, device) +
                    (checkpointed ? "" : "model.checkpointed_image_blocks=-1 needs less, ") +
                    "more ranks need less each");
}

void check_disk(const RunPlan& plan, const TrainOptions& options) {
  const auto count = static_cast<double>(plan.checkpoints_at_once);
  if (count * plan.checkpoint_bytes <= plan.free_disk_bytes) return;
  throw ConfigError("output " + options.output + " has " + gib(plan.free_disk_bytes) +
                    " free, but " + std::to_string(plan.checkpoints_at_once) + " checkpoints of " +
                    gib(plan.checkpoint_bytes) +
                    " will be there; set checkpoint.keep, or another output");
}

}  // namespace

RunPlan plan_run(const TrainOptions& options, int64_t num_ranks, const PlannedDevice& device) {
  const ClipConfig config = read_clip_config(options.model.architecture);
  check_text_tower(config.text, options, Tokenizer());
  check_batch_size(options, num_ranks);
  RunPlan plan;
  plan.load.ranks = num_ranks;
  plan.load.images = options.batch_size / num_ranks;
  plan.load.tokens_per_image = tokens_per_image(config.vision, options.model.patch_dropout);
  if (std::filesystem::exists(options.data.train)) {
    look_at_data(plan, options, num_ranks);
  } else {
    plan.load.texts = assumed_texts(plan.load.images);
  }
  plan.memory = plan_memory(config, options, plan.load, device.is_gpu);
  plan.flops = step_flops(config, options, plan.load);
  plan.collectives = step_collectives(config, options, plan.load);
  // Weights and two moments.
  plan.checkpoint_bytes = 3 * plan.memory.parts.front().bytes;
  plan.checkpoints_at_once = checkpoints_at_once(options.checkpoint, plan.length);
  plan.free_disk_bytes = free_bytes(options.output);
  check_memory(plan, config, options, device);
  check_disk(plan, options);
  return plan;
}

}  // namespace dermatome
