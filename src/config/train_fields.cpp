#include "src/config/train_fields.h"

#include "src/config/train_options.h"

namespace dermatome {
namespace {

using Fields = std::vector<Field>;

constexpr double kLongestTimeout = 24 * 60 * 60;
constexpr double kLargestWeight = 1e9;  // so that the sum of the weights is finite

// A field that is part of the digest only where it is not at its default, so that configurations
// without the key keep their digest.
template <typename Value>
Field later(std::string key, Value& value, const Value& standard, Range range = {}) {
  return {std::move(key), &value, range, /*defines_result=*/!(value == standard)};
}

Fields run_fields(TrainOptions& o) {
  return {
      operational("name", &o.name),
      operational("output", &o.output),
      {"seed", &o.seed},
      {"batch_size", &o.batch_size, at_least(1)},
      operational("accum", &o.accum, at_least(1)),
      operational("resume", &o.resume),
      // A configuration without the key keeps its digest.
      {"from", &o.from, /*range=*/{}, /*defines_result=*/!o.from.empty()},
      {"from_optimizer", &o.from_optimizer, /*range=*/{}, /*defines_result=*/!o.from.empty()},
      {"model.architecture", &o.model.architecture},
      {"model.pretrained", &o.model.pretrained},
      // A configuration without the key keeps its digest.
      {"model.pretrained_text", &o.model.pretrained_text, /*range=*/{},
       /*defines_result=*/!o.model.pretrained_text.empty()},
      {"model.quick_gelu", choice(o.model.quick_gelu, {"auto", "true", "false"}), /*range=*/{},
       /*defines_result=*/o.model.quick_gelu != QuickGelu::kAuto},
      {"model.precision", choice(o.model.precision, {"fp32", "amp_bf16"})},
      {"model.patch_dropout",
       &o.model.patch_dropout,
       {0, 1, /*low_open=*/false, /*high_open=*/true}},
      later("model.lock_image", o.model.lock_image, {}),
      later("model.lock_text", o.model.lock_text, {}),
      operational("model.checkpointed_image_blocks", &o.model.checkpointed_image_blocks,
                  at_least(-1)),
      operational("model.checkpointed_text_blocks", &o.model.checkpointed_text_blocks,
                  at_least(-1)),
  };
}

Fields data_fields(DataOptions& data, AugmentationOptions& augmentation) {
  // Settings that only `resampled` reads are not part of another order's digest.
  const bool resampled = data.sampling == Sampling::kResampled;
  return {
      // A checkpoint names its data by digest.
      operational("data.train", OneOrMore{&data.train}),
      operational("data.stage", &data.stage),
      operational("data.validation", &data.validation),
      {"data.sampling", choice(data.sampling, {"shuffle", "resampled"})},
      {"data.weights", &data.weights, {0, kLargestWeight, /*low_open=*/true}, resampled},
      {"data.epoch_samples", &data.epoch_samples, between(0, 1e15), resampled},
      operational("data.workers", &data.workers, at_least(1)),
      operational("data.prefetch", &data.prefetch, at_least(1)),
      {"data.shuffle_block", &data.shuffle_block, at_least(1)},
      {"data.shuffle_window", &data.shuffle_window, at_least(1)},
      operational("data.on_corrupt", choice(data.on_corrupt, {"fail", "skip"})),
      operational("data.max_corrupt", &data.max_corrupt, at_least(0)),
      {"augmentation.scale", std::span(augmentation.scale), {0, 1, /*low_open=*/true}},
      {"augmentation.ratio", std::span(augmentation.ratio), above(0)},
      {"augmentation.color_jitter", std::span(augmentation.color_jitter), at_least(0)},
      {"augmentation.color_jitter_probability", &augmentation.color_jitter_probability,
       between(0, 1)},
      {"augmentation.gray_probability", &augmentation.gray_probability, between(0, 1)},
  };
}

Fields optimizer_fields(OptimizerOptions& optimizer, ScheduleOptions& schedule) {
  const Range decay_rate{0, 1, /*low_open=*/false, /*high_open=*/true};
  return {
      {"optimizer.lr", &optimizer.lr, above(0)},
      {"optimizer.beta1", &optimizer.beta1, decay_rate},
      {"optimizer.beta2", &optimizer.beta2, decay_rate},
      {"optimizer.eps", &optimizer.eps, above(0)},
      {"optimizer.weight_decay", &optimizer.weight_decay, at_least(0)},
      later("optimizer.image_lr", optimizer.image_lr, {}, above(0)),
      later("optimizer.text_lr", optimizer.text_lr, {}, above(0)),
      later("optimizer.image_weight_decay", optimizer.image_weight_decay, {}, at_least(0)),
      later("optimizer.text_weight_decay", optimizer.text_weight_decay, {}, at_least(0)),
      later("optimizer.layer_decay", optimizer.layer_decay, 1.0, {0, 1, /*low_open=*/true}),
      {"optimizer.clip_norm", &optimizer.clip_norm, at_least(0)},
      {"optimizer.non_finite", choice(optimizer.non_finite, {"fail", "skip"})},
      {"schedule.epochs", &schedule.epochs, at_least(1)},
      {"schedule.max_steps", &schedule.max_steps, at_least(0)},
      {"schedule.warmup", &schedule.warmup, at_least(-1)},
  };
}

Fields operational_fields(CheckpointOptions& checkpoint, ValidationOptions& validation,
                          RuntimeOptions& runtime) {
  return {
      operational("checkpoint.every_epochs", &checkpoint.every_epochs, at_least(0)),
      operational("checkpoint.every_steps", &checkpoint.every_steps, at_least(0)),
      operational("checkpoint.keep", &checkpoint.keep, at_least(0)),
      operational("validation.every_epochs", &validation.every_epochs, at_least(0)),
      operational("validation.every_steps", &validation.every_steps, at_least(0)),
      operational("validation.at_start", &validation.at_start),
      operational("validation.on_failure", choice(validation.on_failure, {"report", "fail"})),
      operational("validation.benchmarks", &validation.benchmarks),
      operational("validation.batch_size", &validation.batch_size, at_least(1)),
      operational("runtime.device", choice(runtime.device, {"auto", "cpu", "cuda"})),
      operational("runtime.threads", &runtime.threads, between(0, 1024)),
      operational("runtime.timeout_s", &runtime.timeout_s, {0, kLongestTimeout, /*low_open=*/true}),
      operational("runtime.log_every", &runtime.log_every, at_least(1)),
      operational("runtime.bucket_mb", &runtime.bucket_mb, between(1, 4096)),
  };
}

}  // namespace

std::vector<Field> objective_fields(ObjectiveOptions& o, const std::string& section) {
  return {
      // A configuration without the key keeps its digest.
      {section + "name", choice(o.name, {"auto", "make", "clip"}), /*range=*/{},
       /*defines_result=*/o.name != ObjectiveName::kAuto},
      {section + "mode", choice(o.mode, {"paper", "released"})},
      {section + "negatives", choice(o.negatives, {"valid", "all"})},
      {section + "positives", choice(o.positives, {"sub", "knowledge"})},
      {section + "renormalize_local", &o.renormalize_local},
      {section + "mkcl", &o.mkcl},
      {section + "local_alignment", &o.local_alignment},
      {section + "subcaption_weights", &o.subcaption_weights},
      {section + "num_subcaptions", &o.num_subcaptions, between(0, 1000)},
      {section + "lambda_m", &o.lambda_m, at_least(0)},
      {section + "lambda_s", &o.lambda_s, at_least(0)},
      {section + "sigma", &o.sigma, between(-1, 1)},
  };
}

std::vector<Field> train_fields(TrainOptions& o) {
  Fields fields = run_fields(o);
  for (const Fields& section :
       {data_fields(o.data, o.augmentation), objective_fields(o.objective, "objective."),
        optimizer_fields(o.optimizer, o.schedule),
        operational_fields(o.checkpoint, o.validation, o.runtime)}) {
    fields.insert(fields.end(), section.begin(), section.end());
  }
  return fields;
}

}  // namespace dermatome
