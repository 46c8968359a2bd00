// What a run's settings, ranks, model and data must agree on before the first step.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "src/model/clip.h"
#include "src/text/tokenizer.h"

namespace dermatome {

struct ModelOptions;
struct TrainOptions;

// All throw ConfigError naming the setting and what to do.

// The objective is defined on `num_ranks`, and the global batch can be split over them.
void check_batch_size(const TrainOptions& options, int64_t num_ranks);

// check_batch_size(), and an epoch over a data set of `num_samples` fills the batch.
void check_ranks(const TrainOptions& options, int64_t num_ranks, int64_t num_samples);

// The model takes the shards' texts.
void check_text_tower(const TextConfig& text, const TrainOptions& options,
                      const Tokenizer& tokenizer);

// `hub_directory` describes the same model as model.architecture: names and shapes of weights do
// not tell one activation or normalisation from another.
void check_same_model(const ClipConfig& config, const std::string& architecture,
                      const std::filesystem::path& hub_directory);

// Loads the weights of model.pretrained, which is set, into `model`. A configuration in or beside
// them must describe the same model, but for the numbers of positions. Throws DataError, too.
void load_pretrained(Clip& model, const ModelOptions& options);

struct RunLength {
  int64_t steps_per_epoch = 0;
  int64_t total_steps = 0;
};

// How long the run is over a data set of `num_samples`; its warm-up is not longer.
RunLength run_length(const TrainOptions& options, int64_t num_samples);

}  // namespace dermatome
