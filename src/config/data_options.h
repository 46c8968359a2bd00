// The section `data`: training and validation shards and how they are read.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

enum class Sampling { kShuffle, kResampled };

enum class Corrupt { kFail, kSkip };

struct DataOptions {
  // The folders of the training shards, which are made by `dermatome shard`: one, or a list.
  std::vector<std::string> train;
  // A folder on the node's own disk to which these shards are copied first; empty: none.
  std::string stage;
  // A folder of shards for the validation loss; empty: none.
  std::string validation;
  // The order of training samples. shuffle: each once per epoch; resampled: drawn with replacement.
  Sampling sampling = Sampling::kShuffle;
  // With resampled, each folder's share of the draws, relative to the other folders; empty: in
  // proportion to their numbers of samples.
  std::vector<double> weights;
  // With resampled, the draws per epoch; 0: as many as there are samples.
  int64_t epoch_samples = 0;
  // Threads per rank that read and decode images.
  int64_t workers = 2;
  // Batches that each rank holds ready.
  int64_t prefetch = 4;
  // Samples that follow each other in the shards and are read together, as one block.
  int64_t shuffle_block = 64;
  // Blocks whose samples are mixed with each other.
  int64_t shuffle_window = 64;
  // What a damaged record leads to. fail: the run ends; skip: another sample takes its place, the
  // same one for any number of ranks, and the log names the record.
  Corrupt on_corrupt = Corrupt::kFail;
  // With skip, how many damaged records one rank may leave out, counted anew at each start; one
  // more ends the run.
  int64_t max_corrupt = 100;

  bool operator==(const DataOptions&) const = default;
};

}  // namespace dermatome
