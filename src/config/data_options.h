// The section `data`: training and validation shards and how they are read.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

// The order of training samples: each once an epoch, or drawn with replacement.
enum class Sampling { kShuffle, kResampled };

// What a training does that meets a damaged record: end, or leave it out.
enum class Corrupt { kFail, kSkip };

struct DataOptions {
  std::vector<std::string> train;  // directories of the training shards
  std::string stage;               // node-local folder to copy them to first; empty: none
  std::string validation;          // directory of shards for the validation loss; empty: none
  Sampling sampling = Sampling::kShuffle;  // shuffle | resampled
  // resampled: the share of the draws that each directory gets, relative to the others'; empty: by
  // their numbers of samples.
  std::vector<double> weights;
  int64_t epoch_samples = 0;    // resampled: draws per epoch; 0: as many as samples
  int64_t workers = 2;          // reader threads per rank
  int64_t prefetch = 4;         // batches per rank holds ready
  int64_t shuffle_block = 64;   // samples a block of the order (read together)
  int64_t shuffle_window = 64;  // blocks whose samples are mixed
  // skip: another sample stands in, the same whatever the ranks, and the log names the record.
  Corrupt on_corrupt = Corrupt::kFail;  // fail | skip
  int64_t max_corrupt = 100;  // records per rank and start leaves out before it ends after all

  bool operator==(const DataOptions&) const = default;
};

}  // namespace dermatome
