#include "src/train/run_checks.h"

#include <algorithm>
#include <span>

#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/data/sample_order.h"
#include "src/objective/create_objective.h"
#include "src/weights/description.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

void check_batch_size(const TrainOptions& options, int64_t num_ranks) {
  if (options.batch_size % num_ranks != 0) {
    throw ConfigError(text("batch_size ", options.batch_size,
                           " (the global batch) is not divisible by the ", num_ranks,
                           " ranks; change batch_size or the number of ranks"));
  }
}

void check_text_tower(const TextConfig& tower, const TrainOptions& options,
                      const Tokenizer& tokenizer) {
  if (tower.vocab_size < tokenizer.vocabulary_size()) {
    throw ConfigError(text(options.model.architecture, ": text_cfg has vocab_size ",
                           tower.vocab_size, ", but the model's tokenizer gives ids up to ",
                           tokenizer.vocabulary_size() - 1, "; set vocab_size to ",
                           tokenizer.vocabulary_size()));
  }
}

void check_lock(std::string_view key, const TowerLock& lock, int64_t num_blocks) {
  if (lock.part == LockedPart::kFirst && lock.unlocked_blocks > num_blocks) {
    throw ConfigError(text(key, " = ", lock.unlocked_blocks,
                           " leaves more blocks unlocked than the ", num_blocks,
                           " that the tower has; use none to train all of it"));
  }
}

// Ratios may differ where the widths that they stand for are the same.
template <typename Tower>
void use_ratio_of(const Tower& other, Tower& tower) {
  if (tower.mlp_width() == other.mlp_width()) tower.mlp_ratio = other.mlp_ratio;
}

void check_same(const ClipConfig& config, const TrainOptions& options, ClipConfig described,
                const std::filesystem::path& by) {
  use_ratio_of(config.vision, described.vision);
  use_ratio_of(config.text, described.text);
  if (config_identity(config) != config_identity(described)) {
    throw ConfigError(text(
        "model.architecture ", options.model.architecture, " differs from ", by,
        ", which belongs to the weights; set model.architecture to that file",
        options.model.quick_gelu == QuickGelu::kAuto ? "" : ", and leave out model.quick_gelu"));
  }
}

void check_num_samples(const TrainOptions& options, int64_t num_ranks, int64_t num_samples) {
  if (num_samples < num_ranks) {
    throw ConfigError(text("the data set ", training_data_name(options.data), " has ", num_samples,
                           " samples, fewer than the ", num_ranks, " ranks; start fewer ranks"));
  }
  const std::string batch = text("batch_size ", options.batch_size);
  if (options.data.epoch_samples > 0 && options.data.epoch_samples < options.batch_size) {
    throw ConfigError(text(batch, " is larger than an epoch, data.epoch_samples = ",
                           options.data.epoch_samples, "; raise data.epoch_samples"));
  }
  if (samples_per_epoch(options.data, num_samples) < options.batch_size) {
    throw ConfigError(
        text(batch, " is larger than the data set ", training_data_name(options.data), " with ",
             num_samples, " samples; lower batch_size",
             options.data.sampling == Sampling::kResampled ? ", or set data.epoch_samples" : ""));
  }
}

void check_warmup(const TrainOptions& options, const RunLength& length) {
  if (options.schedule.warmup > length.total_steps) {
    throw ConfigError(text("schedule.warmup of ", options.schedule.warmup,
                           " steps is longer than the training, ", length.total_steps,
                           " steps; lower schedule.warmup or train for more epochs"));
  }
}

// Whether one of the captions [first, end) is valid, of those that the sample has.
bool any_valid(std::span<const uint8_t> mask, int64_t first, int64_t end) {
  end = std::min(end, std::ssize(mask));
  return first < end && std::any_of(mask.begin() + first, mask.begin() + end,
                                    [](uint8_t valid) { return valid != 0; });
}

bool reads(const TermCaptions& term, std::span<const uint8_t> mask) {
  return any_valid(mask, term.first, term.end) && (!term.needs_raw || mask[kRawCaption] != 0);
}

// Whether the masks [N] of one of the samples [first, end) fulfill `condition`.
template <typename Condition>
bool any_sample(const ShardedDataset& dataset, int64_t first, int64_t end,
                const Condition& condition) {
  while (first < end) {
    const SamplePlace place = dataset.locate(first);
    const int64_t num_rows = place.shard->num_samples();
    for (int64_t row = place.row; row < num_rows; ++row) {
      if (condition(place.shard->mask(row))) return true;
    }
    first += num_rows - place.row;
  }
  return false;
}

// Whether the terms count a sample only if it has a raw caption.
bool need_raw_captions(const std::vector<TermCaptions>& terms) {
  return std::ranges::all_of(terms, [](const TermCaptions& term) {
    return term.needs_raw || term.end == kRawCaption + 1;
  });
}

constexpr const char* kHowToGetCaptions =
    "make it again with captions: dermatome shard --template \"a photo of a {}\" makes them from "
    "labels, --caption-column names the column that has them, and tools/captions.py fills in the "
    "captions that a table lacks";

}  // namespace

void check_number_of_ranks(const TrainOptions& options, int64_t num_ranks) {
  create_objective(options.objective)->check_ranks(num_ranks);
  check_batch_size(options, num_ranks);
}

void check_settings(const TrainOptions& options, const ClipConfig& config,
                    const Tokenizer& tokenizer, int64_t num_ranks) {
  check_number_of_ranks(options, num_ranks);
  check_text_tower(config.text, options, tokenizer);
  check_lock("model.lock_image", options.model.lock_image, config.vision.layers);
  check_lock("model.lock_text", options.model.lock_text, config.text.layers);
}

void check_data(const TrainOptions& options, const ShardedDataset& dataset, const RunLength& length,
                int64_t num_ranks) {
  check_num_samples(options, num_ranks, dataset.size());
  check_num_captions(dataset, options);
  check_warmup(options, length);
  check_texts(dataset, options.data.train, options);
}

void check_texts(const ShardedDataset& dataset, const std::vector<std::string>& names,
                 const TrainOptions& options) {
  const auto terms = create_objective(options.objective)->captions_of_terms();
  const std::vector<int64_t> sizes = dataset.source_sizes();
  int64_t first = 0;
  for (size_t source = 0; source < sizes.size(); ++source) {
    const int64_t end = first + sizes[source];
    const auto is_read = [&terms](std::span<const uint8_t> mask) {
      return std::ranges::any_of(terms, [&](const auto& term) { return reads(term, mask); });
    };
    const auto has_caption = [](std::span<const uint8_t> mask) {
      return any_valid(mask, 0, std::ssize(mask));
    };
    if (!any_sample(dataset, first, end, is_read)) {
      const std::string start = text("the data set ", names.at(source));
      if (need_raw_captions(terms) && any_sample(dataset, first, end, has_caption)) {
        throw ConfigError(
            text(start, " has no raw captions, and this objective reads no others; set ",
                 "objective.name=make and objective.mkcl=true, which use all captions, or ",
                 kHowToGetCaptions));
      }
      throw ConfigError(text(start, " has no captions: none of its ", sizes[source],
                             " samples has a valid one, so the model would learn nothing; ",
                             kHowToGetCaptions));
    }
    first = end;
  }
}

std::string absent_captions(const ShardedDataset& dataset, const TrainOptions& options) {
  const auto terms = create_objective(options.objective)->captions_of_terms();
  const auto has = [&dataset](const auto& condition) {
    return any_sample(dataset, 0, dataset.size(), condition);
  };
  std::vector<std::string> idle;
  for (const TermCaptions& term : terms) {
    if (!has([&term](std::span<const uint8_t> mask) { return reads(term, mask); })) {
      idle.push_back(term.term);
    }
  }
  const bool reads_others = std::ranges::any_of(
      terms, [](const TermCaptions& term) { return term.end > kRawCaption + 1; });
  const bool only_raw = reads_others && !has([](std::span<const uint8_t> mask) {
                          return any_valid(mask, kRawCaption + 1, std::ssize(mask));
                        });
  if (idle.empty() && !only_raw) return "";
  return text("the data set ", training_data_name(options.data),
              only_raw ? " has raw captions alone" : " lacks captions that the objective reads",
              idle.empty() ? "" : text(", so that ", joined(idle), " is 0 in every step"),
              "; objective.name=clip trains with raw captions alone in less time, and "
              "tools/captions.py adds the captions that a table lacks");
}

void warn_of_absent_captions(const ShardedDataset& dataset, const TrainOptions& options) {
  const std::string absent = absent_captions(dataset, options);
  if (!absent.empty()) log_warning(absent);
}

void check_steps_done(int64_t steps_done, const RunLength& length) {
  if (steps_done > length.total_steps) {
    throw ConfigError(text("the run has done ", steps_done, " steps, more than the ",
                           length.total_steps,
                           " that schedule.max_steps or schedule.epochs asks for; raise them, or "
                           "remove the checkpoints of later steps"));
  }
}

void check_num_captions(const ShardedDataset& dataset, const TrainOptions& options) {
  const int64_t expected = create_objective(options.objective)->num_captions();
  if (dataset.num_captions() != expected) {
    throw ConfigError(
        text("the objective needs ", expected, " captions per sample, but the shards in ",
             dataset.sources().front().directory, " hold ", dataset.num_captions(),
             "; set objective.num_subcaptions to ", dataset.num_captions() - kFirstSubcaption,
             ", or make shards with as many subcaptions as that key says"));
  }
}

void check_pretrained(const ClipConfig& config, const TrainOptions& options,
                      const std::filesystem::path& weights) {
  const auto by = description_of(weights);
  if (!by) return;
  ClipConfig described = read_description(*by);
  // Positions can be interpolated.
  described.vision.image_size = config.vision.image_size;
  described.text.context_length = config.text.context_length;
  check_same(config, options, described, *by);
}

void check_same_model(const ClipConfig& config, const TrainOptions& options,
                      const std::filesystem::path& described) {
  check_same(config, options, read_description(described), described);
}

}  // namespace dermatome
