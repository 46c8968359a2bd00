#include "src/config/train_config.h"

#include <algorithm>

#include "src/config/field_reader.h"
#include "src/config/foreign_keys.h"
#include "src/config/retired_keys.h"
#include "src/config/train_fields.h"
#include "src/config/train_options.h"
#include "src/core/hash.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

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
  if (o.model.lock_image.part == LockedPart::kAll && o.model.lock_text.part == LockedPart::kAll) {
    reader.fail("model.lock_text",
                "leaves nothing to train but the logit scale, because model.lock_image is all too; "
                "unlock a part of one tower");
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

void resolve_warmup(ScheduleOptions& schedule) {
  if (schedule.warmup < 0 && schedule.max_steps > 0) {
    schedule.warmup = default_warmup(schedule.max_steps);
    schedule.warmup_is_default = true;
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
  FieldReader reader(train_fields(options), path.string(),
                     {retired_train_keys(), foreign_train_keys()});
  reader.read(path);
  for (const auto& text : overrides) reader.apply_override(text);
  reader.check_ranges();
  if (options.name.empty()) options.name = path.stem().string();
  resolve_released(options.objective, reader, "objective.");
  resolve_name(options.objective, reader, "objective.");
  resolve_warmup(options.schedule);
  check_run(options, reader);
  check_combinations(options, reader);
  check_objective(options.objective, reader);
  return options;
}

ObjectiveOptions objective_options(const std::vector<std::string>& overrides) {
  ObjectiveOptions options;
  FieldReader reader(objective_fields(options, ""), "objective", {retired_objective_keys(), {}});
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

std::string settings_yaml(const std::vector<Setting>& settings) {
  std::string yaml, section;
  for (const Setting& setting : settings) {
    const std::string& key = setting.key;
    const size_t dot = key.find('.');
    const bool nested = dot != std::string::npos;
    if (nested && key.substr(0, dot) != section) {
      section = key.substr(0, dot);
      yaml += section + ":\n";
    }
    yaml += (nested ? "  " + key.substr(dot + 1) : key) + ": " + setting.value + "\n";
  }
  return yaml;
}

std::string dump_train_config(const TrainOptions& options) {
  return settings_yaml(list_settings(options));
}

std::string config_digest(const TrainOptions& options) {
  TrainOptions copy = options;
  // Digests hold the warm-up that was the default before it depended on the training's length.
  if (copy.schedule.warmup < 0) copy.schedule.warmup = kLongestDefaultWarmup;
  std::string lines;
  for (const Field& field : train_fields(copy)) {
    if (!field.defines_result) continue;
    lines += text(first_key(field.key, retired_train_keys()), ": ", value_text(field.value), "\n");
  }
  return sha256_hex(lines);
}

}  // namespace dermatome
