#include "src/train/run_checks.h"

#include <string>

#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/error.h"
#include "src/data/sample_order.h"
#include "src/objective/objective.h"
#include "src/weights/hub.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

void check_same(const ClipConfig& config, const std::string& architecture,
                const ClipConfig& described, const std::filesystem::path& by) {
  if (hub_config_json(config) != hub_config_json(described)) {
    throw ConfigError("model.architecture " + architecture + " differs from " + by.string() +
                      ", which belongs to the weights; set model.architecture to that file");
  }
}

}  // namespace

void check_batch_size(const TrainOptions& options, int64_t num_ranks) {
  check_objective_ranks(options.objective, num_ranks);
  if (options.batch_size % num_ranks != 0) {
    throw ConfigError("batch_size " + std::to_string(options.batch_size) +
                      " (the global batch) is not divisible by the " + std::to_string(num_ranks) +
                      " ranks; change batch_size or the number of ranks");
  }
}

void check_ranks(const TrainOptions& options, int64_t num_ranks, int64_t num_samples) {
  if (num_samples < num_ranks) {
    throw ConfigError("the data set " + training_data_name(options.data) + " has " +
                      std::to_string(num_samples) + " samples, fewer than the " +
                      std::to_string(num_ranks) + " ranks; start fewer ranks");
  }
  check_batch_size(options, num_ranks);
  const std::string batch = "batch_size " + std::to_string(options.batch_size);
  if (options.data.epoch_samples > 0 && options.data.epoch_samples < options.batch_size) {
    throw ConfigError(batch + " is larger than an epoch, data.epoch_samples = " +
                      std::to_string(options.data.epoch_samples) + "; raise that one");
  }
  if (samples_an_epoch(options.data, num_samples) < options.batch_size) {
    throw ConfigError(
        batch + " is larger than the data set " + training_data_name(options.data) + " with " +
        std::to_string(num_samples) + " samples; lower batch_size" +
        (options.data.sampling == Sampling::kResampled ? ", or set data.epoch_samples" : ""));
  }
}

void check_text_tower(const TextConfig& text, const TrainOptions& options,
                      const Tokenizer& tokenizer) {
  if (text.context_length < kContextLength || text.vocab_size < tokenizer.vocabulary_size()) {
    throw ConfigError(options.model.architecture + ": text_cfg has context_length " +
                      std::to_string(text.context_length) + " and vocab_size " +
                      std::to_string(text.vocab_size) + "; shards hold texts of up to " +
                      std::to_string(kContextLength) + " ids below " +
                      std::to_string(tokenizer.vocabulary_size()));
  }
}

void check_same_model(const ClipConfig& config, const std::string& architecture,
                      const std::filesystem::path& hub_directory) {
  check_same(config, architecture, read_hub_config(hub_directory), hub_directory / kConfigFile);
}

void load_pretrained(Clip& model, const ModelOptions& options) {
  const Weights weights = read_weights(options.pretrained);
  if (weights.described_by) {
    ClipConfig described = read_clip_config(*weights.described_by);
    // Positions can be interpolated.
    described.vision.image_size = model.config().vision.image_size;
    described.text.context_length = model.config().text.context_length;
    check_same(model.config(), options.architecture, described, *weights.described_by);
  }
  load_weights(model, weights);
}

RunLength run_length(const TrainOptions& options, int64_t num_samples) {
  RunLength length;
  length.steps_per_epoch = samples_an_epoch(options.data, num_samples) / options.batch_size;
  length.total_steps = options.schedule.max_steps > 0
                           ? options.schedule.max_steps
                           : options.schedule.epochs * length.steps_per_epoch;
  if (options.schedule.warmup > length.total_steps) {
    throw ConfigError("schedule.warmup of " + std::to_string(options.schedule.warmup) +
                      " steps is longer than the training, " + std::to_string(length.total_steps) +
                      " steps; lower it or train for more epochs");
  }
  return length;
}

}  // namespace dermatome
