// Checks that a run's settings, ranks, model and data agree. All functions that check throw a
// ConfigError that names the setting and what to do; none needs a model that is built.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "sharding/dataset.h"
#include "src/model/clip_config.h"
#include "src/text/tokenizer.h"
#include "src/train/run_length.h"

namespace dermatome {

struct TrainOptions;

// Checks that the objective is defined on `num_ranks` ranks, and that the global batch can be split
// over them.
void check_number_of_ranks(const TrainOptions& options, int64_t num_ranks);

// Checks what needs no data: check_number_of_ranks(), and that the model takes the tokenizer's
// texts and has the blocks that a lock counts.
void check_settings(const TrainOptions& options, const ClipConfig& config,
                    const Tokenizer& tokenizer, int64_t num_ranks);

// Checks what depends on the training data: an epoch fills the batch and has a sample for every
// rank, samples have the captions that the objective expects, the warm-up fits into `length`, and
// every data set has texts. Throws DataError or StorageLost too, because it opens shards.
void check_data(const TrainOptions& options, const ShardedDataset& dataset, const RunLength& length,
                int64_t num_ranks);

// Checks that a run that has done `steps_done` steps has not passed the end that its settings give
// it.
void check_steps_done(int64_t steps_done, const RunLength& length);

// Checks that the shards hold as many captions per sample as the objective expects.
void check_num_captions(const ShardedDataset& dataset, const TrainOptions& options);

// Checks that every source of `dataset`, called `names` in messages, has a sample with a valid
// caption that the objective reads: without texts the loss is 0, whatever the weights. Opens shards
// until it finds one, most often one per source. Throws DataError or StorageLost where it cannot.
void check_texts(const ShardedDataset& dataset, const std::vector<std::string>& names,
                 const TrainOptions& options);

// What the captions of the data lack for the objective, in words that begin with "the data set": a
// term of which no sample has a caption, so that it is 0 in every step, or that all captions are
// raw ones though the objective reads others. Empty if there is nothing to say. Opens shards until
// each term has a caption, most often one shard. Throws DataError or StorageLost where it cannot.
std::string absent_captions(const ShardedDataset& dataset, const TrainOptions& options);

// Logs absent_captions() as a warning.
void warn_of_absent_captions(const ShardedDataset& dataset, const TrainOptions& options);

// Checks that `weights`, which find_weights() found, are of the model `config`, except the numbers
// of positions. Does nothing if no configuration lies in or beside the weights. Throws DataError if
// the weights are missing.
void check_pretrained(const ClipConfig& config, const TrainOptions& options,
                      const std::filesystem::path& weights);

// Checks that `described`, a configuration that belongs to weights, is the same model as
// model.architecture: names and shapes of weights do not tell one activation or normalization from
// another.
void check_same_model(const ClipConfig& config, const TrainOptions& options,
                      const std::filesystem::path& described);

}  // namespace dermatome
