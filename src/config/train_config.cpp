#include "src/config/train_config.h"

#include <algorithm>

#include "src/config/field.h"
#include "src/config/field_reader.h"
#include "src/config/retired_keys.h"
#include "src/config/train_options.h"
#include "src/core/hash.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

using Fields = std::vector<Field>;

constexpr double kLongestTimeout = 24 * 60 * 60;
constexpr double kLargestWeight = 1e9;  // so that the sum of the weights is finite

Fields objective_fields(ObjectiveOptions& o, const std::string& section) {
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
      {"model.precision", choice(o.model.precision, {"fp32", "amp_bf16"})},
      {"model.patch_dropout",
       &o.model.patch_dropout,
       {0, 1, /*low_open=*/false, /*high_open=*/true}},
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
      {"optimizer.clip_norm", &optimizer.clip_norm, at_least(0)},
      {"optimizer.non_finite", choice(optimizer.non_finite, {"fail", "skip"})},
      {"schedule.epochs", &schedule.epochs, at_least(1)},
      {"schedule.max_steps", &schedule.max_steps, at_least(0)},
      {"schedule.warmup", &schedule.warmup, at_least(0)},
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

// The fields of a section follow each other; those without a section come first.
Fields train_fields(TrainOptions& o) {
  Fields fields = run_fields(o);
  for (const Fields& section :
       {data_fields(o.data, o.augmentation), objective_fields(o.objective, "objective."),
        optimizer_fields(o.optimizer, o.schedule),
        operational_fields(o.checkpoint, o.validation, o.runtime)}) {
    fields.insert(fields.end(), section.begin(), section.end());
  }
  return fields;
}

// The released code always encodes missing captions and contrasts with them, and never
// renormalizes.
void resolve_released(ObjectiveOptions& o, const FieldReader& reader, const std::string& section) {
  if (o.mode != ObjectiveMode::kReleased) return;
  const auto refuse = [&](const std::string& key) {
    reader.fail(section + key,
                text("contradicts ", section,
                     "mode: released, which fixes it; leave it out or use mode: paper"));
  };
  if (o.negatives == Negatives::kValid && reader.is_set(section + "negatives")) {
    refuse("negatives");
  }
  if (o.positives == LocalPositives::kKnowledge) refuse("positives");
  if (o.renormalize_local) refuse("renormalize_local");
  o.negatives = Negatives::kAll;
}

// `clip` leaves MAKE's two parts out, `make` takes at least one of them.
void resolve_name(ObjectiveOptions& o, const FieldReader& reader, const std::string& section) {
  if (o.name == ObjectiveName::kMake && !o.mkcl && !o.local_alignment) {
    reader.fail(section + "name", text("contradicts ", section, "mkcl: false with ", section,
                                       "local_alignment: false, which leave plain CLIP; use name: "
                                       "clip, or leave one of the two out"));
  }
  if (o.name != ObjectiveName::kClip) return;
  const auto leave_out = [&](bool& part, const std::string& key) {
    if (part && reader.is_set(section + key)) {
      reader.fail(section + key, text("asks for a part of MAKE's objective, which contradicts ",
                                      section, "name: clip; leave it out, or use name: make"));
    }
    part = false;
  };
  leave_out(o.mkcl, "mkcl");
  leave_out(o.local_alignment, "local_alignment");
}

void check_sources(const DataOptions& data, const FieldReader& reader) {
  if (data.train.empty()) reader.fail("data.train", "must name a folder of training shards");
  if (std::ranges::find(data.train, "") != data.train.end()) {
    reader.fail("data.train", "has an empty folder name");
  }
  if (data.sampling == Sampling::kShuffle) {
    const std::string contradicts =
        "contradicts data.sampling: shuffle, which takes each sample once per epoch; leave it out "
        "or use sampling: resampled";
    if (!data.weights.empty()) reader.fail("data.weights", contradicts);
    if (data.epoch_samples > 0) reader.fail("data.epoch_samples", contradicts);
  }
  if (!data.weights.empty() && data.weights.size() != data.train.size()) {
    reader.fail("data.weights", text("has ", data.weights.size(), " numbers, but data.train has ",
                                     data.train.size(), " folders; give one for each"));
  }
}

void check_run(const TrainOptions& o, const FieldReader& reader) {
  if (o.name.find('/') != std::string::npos || o.name == "." || o.name == "..") {
    reader.fail("name", "is not a folder's name; the folder above it is the key output");
  }
  if (o.output.empty()) reader.fail("output", "must name a folder for the run's files");
  if (o.accum > o.batch_size) {
    reader.fail("accum", "is more than batch_size; a micro-batch has at least one sample");
  }
  if (o.model.architecture.empty()) {
    reader.fail("model.architecture", "must name an open_clip model configuration (JSON)");
  }
  check_sources(o.data, reader);
  for (const auto& benchmark : o.validation.benchmarks) {
    if (benchmark.empty()) reader.fail("validation.benchmarks", "has an empty file name");
  }
}

void check_combinations(const TrainOptions& o, const FieldReader& reader) {
  const auto& [scale, ratio, color_jitter, jitter_probability, gray_probability] = o.augmentation;
  if (scale[0] > scale[1]) reader.fail("augmentation.scale", "must be [low, high], low <= high");
  if (ratio[0] > ratio[1]) reader.fail("augmentation.ratio", "must be [low, high], low <= high");
  if (color_jitter[3] > 0.5) {
    reader.fail("augmentation.color_jitter", "has a hue, the last number, above 0.5");
  }
  if (o.schedule.max_steps > 0 && o.schedule.warmup > o.schedule.max_steps) {
    reader.fail("schedule.warmup",
                text("is longer than the training, schedule.max_steps = ", o.schedule.max_steps));
  }
}

void check_make(const ObjectiveOptions& o, const FieldReader& reader) {
  const bool local = o.local_alignment && o.lambda_s > 0;
  if (o.lambda_m == 0 && !local) {
    reader.fail("objective.lambda_m",
                "leaves nothing to train: without it objective.lambda_s must be above 0 and "
                "objective.local_alignment true");
  }
  if (local && o.positives == LocalPositives::kSub && o.num_subcaptions == 0) {
    reader.fail("objective.num_subcaptions",
                "leaves the local alignment without positives: use more, positives: knowledge, or "
                "local_alignment: false");
  }
}

void check_clip(const ObjectiveOptions& o, const FieldReader& reader) {
  if (o.lambda_m == 0) {
    reader.fail("objective.lambda_m", "leaves nothing to train: plain CLIP needs it above 0");
  }
}

// Each objective checks its own settings.
void check_objective(const ObjectiveOptions& o, const FieldReader& reader) {
  if (selected_objective(o) == ObjectiveName::kMake) check_make(o, reader);
  if (selected_objective(o) == ObjectiveName::kClip) check_clip(o, reader);
}

}  // namespace

TrainOptions load_train_config(const std::filesystem::path& path,
                               const std::vector<std::string>& overrides) {
  TrainOptions options;
  FieldReader reader(train_fields(options), path.string(), retired_train_keys());
  reader.read(path);
  for (const auto& text : overrides) reader.apply_override(text);
  reader.check_ranges();
  if (options.name.empty()) options.name = path.stem().string();
  resolve_released(options.objective, reader, "objective.");
  resolve_name(options.objective, reader, "objective.");
  check_run(options, reader);
  check_combinations(options, reader);
  check_objective(options.objective, reader);
  return options;
}

ObjectiveOptions objective_options(const std::vector<std::string>& overrides) {
  ObjectiveOptions options;
  FieldReader reader(objective_fields(options, ""), "objective", retired_objective_keys());
  for (const auto& text : overrides) reader.apply_override(text);
  reader.check_ranges();
  resolve_released(options, reader, "");
  resolve_name(options, reader, "");
  return options;
}

std::vector<Setting> list_settings(const TrainOptions& options) {
  TrainOptions copy = options;
  std::vector<Setting> settings;
  for (const Field& field : train_fields(copy)) {
    settings.push_back({field.key, value_text(field.value)});
  }
  return settings;
}

std::string dump_train_config(const TrainOptions& options) {
  std::string yaml, section;
  for (const auto& [key, value] : list_settings(options)) {
    const size_t dot = key.find('.');
    const bool nested = dot != std::string::npos;
    if (nested && key.substr(0, dot) != section) {
      section = key.substr(0, dot);
      yaml += section + ":\n";
    }
    yaml += (nested ? "  " + key.substr(dot + 1) : key) + ": " + value + "\n";
  }
  return yaml;
}

std::string config_digest(const TrainOptions& options) {
  TrainOptions copy = options;
  std::string lines;
  for (const Field& field : train_fields(copy)) {
    if (!field.defines_result) continue;
    lines += text(first_key(field.key, retired_train_keys()), ": ", value_text(field.value), "\n");
  }
  return sha256_hex(lines);
}

std::set<std::string, std::less<>> keys_of_digest(const TrainOptions& options) {
  TrainOptions copy = options;
  std::set<std::string, std::less<>> keys;
  for (const Field& field : train_fields(copy)) {
    if (field.defines_result) keys.insert(field.key);
  }
  return keys;
}

}  // namespace dermatome
