#include "src/plan/run_plan.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>

#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/data/sample_order.h"
#include "src/model/clip.h"
#include "src/model/transformer.h"
#include "src/run/configured_model.h"
#include "src/run/origin.h"
#include "src/run/resume.h"
#include "src/run/run_directory.h"
#include "src/train/run_checks.h"
#include "src/train/run_length.h"
#include "src/train/starting_point.h"
#include "src/train/validation.h"
#include "src/weights/text_model_files.h"

namespace dermatome {
namespace {

std::string gib(double bytes) { return format("%.1f GiB", bytes / (1 << 30)); }

// The free bytes on the disk of `path`, which need not exist yet.
double free_bytes(std::filesystem::path path) {
  path = std::filesystem::absolute(path);
  while (!std::filesystem::exists(path)) path = path.parent_path();
  return static_cast<double>(std::filesystem::space(path).available);
}

void look_at_data(RunPlan& plan, const ClipConfig& config, const TrainOptions& options,
                  int64_t num_ranks, const TokenFormat& tokens) {
  const ShardedDataset dataset(training_directories(options.data), tokens);
  plan.has_data = true;
  plan.num_samples = dataset.size();
  plan.epoch_samples = samples_per_epoch(options.data, dataset.size());
  plan.load.num_samples = dataset.size();
  for (const DataSource& source : dataset.sources()) {
    plan.num_shards += std::ssize(source.manifest.shards);
    plan.shard_bytes += static_cast<double>(source.manifest.num_bytes());
  }
  plan.length = run_length(options, dataset.size());
  check_data(options, dataset, plan.length, num_ranks);
  warn_of_absent_captions(dataset, options);
  const TrainOptions resolved = resolved_options(options, plan.length);
  if (const auto own =
          find_own_checkpoint(resolved, dataset.digest_with_tokens(), plan.length.total_steps)) {
    check_steps_done(own->state.step, plan.length);
  }
  const Clip shapes(config, c10::kMeta);
  plan.load.texts = measure_texts(dataset, options, shapes.text_tower(), plan.load.images);
}

// How many checkpoints the run writes; nullopt where its length is not known.
std::optional<int64_t> checkpoints_written(const CheckpointOptions& checkpoint,
                                           const RunLength& length) {
  const int64_t total = length.total_steps;
  if (total == 0 || (checkpoint.every_epochs > 0 && length.steps_per_epoch == 0)) {
    return std::nullopt;
  }
  // An interval longer than the run counts like none.
  const auto interval = [&](int64_t every, int64_t unit) {
    return std::max<int64_t>(1, every == 0 || every > total / unit ? total + 1 : every * unit);
  };
  const int64_t steps = interval(checkpoint.every_steps, 1);
  const int64_t epochs =
      interval(checkpoint.every_epochs, std::max<int64_t>(length.steps_per_epoch, 1));
  const int64_t step = epochs / std::gcd(epochs, steps);  // the common multiple over `steps`
  const int64_t both = step > total / steps ? 0 : total / (step * steps);
  const bool at_end = total % steps == 0 || total % epochs == 0;
  return total / steps + total / epochs - both + (at_end ? 0 : 1);
}

// Checks that what the run reads in addition to its training data exists and fits.
void look_at_files(RunPlan& plan, const ClipConfig& config, const TrainOptions& options,
                   const TokenFormat& tokens) {
  const bool continues = !checkpoint_steps(RunDirectory(options).checkpoints()).empty();
  if (!options.from.empty() && !continues) {
    check_origin(config, options, origin_path(options, find_origin(options)));
  } else if (!options.model.pretrained.empty() || !options.model.pretrained_text.empty()) {
    Clip model(config, c10::kCPU);
    load_pretrained(model, options);
  }
  open_validation_set(options, config.preprocess, tokens);
  for (const Benchmark& benchmark : open_benchmarks(options.validation)) {
    const int64_t of_a_rank = (benchmark.num_images() + plan.load.ranks - 1) / plan.load.ranks;
    plan.load.validation_images =
        std::max(plan.load.validation_images, std::min(of_a_rank, options.validation.batch_size));
  }
}

std::optional<int64_t> checkpoints_at_once(const CheckpointOptions& checkpoint,
                                           const RunLength& length) {
  const auto written = checkpoints_written(checkpoint, length);
  if (checkpoint.keep == 0) return written;
  const int64_t most = checkpoint.keep + 1;
  return written ? std::min(*written, most) : most;
}

// Advice: a number of micro-batches that fits, at least twice the present one; empty if none does.
std::string fitting_accum(const ClipConfig& config, TrainOptions options, const StepLoad& load,
                          const PlannedDevice& device) {
  for (options.accum *= 2; options.accum <= load.images; options.accum *= 2) {
    if (plan_memory(config, options, load, device.is_gpu).device_bytes <= device.bytes) {
      return text("accum=", options.accum, " would fit, ");
    }
  }
  return "";
}

void check_memory(const RunPlan& plan, const ClipConfig& config, const TrainOptions& options,
                  const PlannedDevice& device) {
  if (plan.memory.device_bytes <= device.bytes) return;
  const bool checkpointed = options.model.checkpointed_image_blocks == kAllBlocks;
  throw ConfigError(
      text("batch_size ", options.batch_size, " on ", plan.load.ranks, " ranks needs ",
           gib(plan.memory.device_bytes), " per rank, more than the ", gib(device.bytes), " of ",
           device.name, "; ", fitting_accum(config, options, plan.load, device),
           checkpointed ? "" : "model.checkpointed_image_blocks=-1 needs less, ",
           device.is_gpu ? "more ranks need less each" : "ranks on more machines need less each"));
}

void check_disk(const RunPlan& plan, const TrainOptions& options) {
  if (!plan.checkpoints_at_once) return;
  // The checkpoints that a continued run has already take no more space.
  const int64_t more =
      *plan.checkpoints_at_once - std::ssize(checkpoint_steps(RunDirectory(options).checkpoints()));
  if (static_cast<double>(more) * plan.checkpoint_bytes <= plan.free_disk_bytes) return;
  throw ConfigError(text("output ", options.output, " has ", gib(plan.free_disk_bytes),
                         " free, but ", more, " more checkpoints of ", gib(plan.checkpoint_bytes),
                         " must fit; set checkpoint.keep, or another output"));
}

}  // namespace

RunPlan plan_run(const TrainOptions& options, int64_t num_ranks, const PlannedDevice& device) {
  const ClipConfig config = configured_model(options.model);
  const std::unique_ptr<const Tokenizer> tokenizer = model_tokenizer(config);
  check_settings(options, config, *tokenizer, num_ranks);
  RunPlan plan;
  plan.load.ranks = num_ranks;
  const TokenFormat tokens{*tokenizer, config.text.context_length};
  look_at_files(plan, config, options, tokens);
  plan.load.images = options.batch_size / num_ranks;
  plan.load.tokens_per_image = tokens_per_image(config.vision, options.model.patch_dropout);
  const auto exists = [](const std::string& path) { return std::filesystem::exists(path); };
  // If only some are missing, a name is wrong: an error. If all are, they may not be made yet.
  if (std::ranges::any_of(options.data.train, exists)) {
    look_at_data(plan, config, options, num_ranks, tokens);
  } else {
    plan.load.texts = assumed_texts(options.objective, plan.load.images);
    plan.length.total_steps = options.schedule.max_steps;
  }
  plan.memory = plan_memory(config, options, plan.load, device.is_gpu);
  plan.flops = step_flops(config, options, plan.load);
  plan.collectives = step_collectives(config, options, plan.load);
  // The weights and the optimizer's two moments.
  plan.checkpoint_bytes = plan.memory.parameter_bytes + 2 * plan.memory.trained_bytes;
  plan.checkpoints_at_once = checkpoints_at_once(options.checkpoint, plan.length);
  plan.free_disk_bytes = free_bytes(options.output);
  check_memory(plan, config, options, device);
  check_disk(plan, options);
  return plan;
}

}  // namespace dermatome
