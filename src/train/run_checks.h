// What a run's settings, ranks, model and data must agree on. All functions throw ConfigError
// naming the setting and what to do; none needs a model that is built.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "sharding/dataset.h"
#include "src/model/clip_config.h"
#include "src/text/tokenizer.h"
#include "src/train/run_length.h"

namespace dermatome {

struct TrainOptions;

// What needs no data: the objective is defined on `num_ranks`, the global batch can be split over
// them, and the model takes the tokenizer's texts.
void check_settings(const TrainOptions& options, const ClipConfig& config,
                    const Tokenizer& tokenizer, int64_t num_ranks);

// What the training data decide: an epoch fills the batch and has a sample for every rank, samples
// have the captions that the objective expects, the warm-up fits into `length`.
void check_data(const TrainOptions& options, const ShardedDataset& dataset, const RunLength& length,
                int64_t num_ranks);

// The shards hold as many captions per sample as the objective expects.
void check_num_captions(const ShardedDataset& dataset, const TrainOptions& options);

// The weights of model.pretrained, where it is set and a configuration lies in or beside them, are
// of the same model, but for the numbers of positions. Throws DataError for weights that are not
// there, too.
void check_pretrained(const ClipConfig& config, const TrainOptions& options);

// `described`, a configuration that belongs to weights, is the same model as model.architecture:
// names and shapes of weights do not tell one activation or normalization from another.
void check_same_model(const ClipConfig& config, const TrainOptions& options,
                      const std::filesystem::path& described);

}  // namespace dermatome
