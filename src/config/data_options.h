// The section `data`: training and validation shards and how they are read.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

// The order of training samples: each once per epoch, or drawn with replacement.
enum class Sampling { kShuffle, kResampled };

// What a training does when it meets a damaged record: end, or leave the record out.
enum class Corrupt { kFail, kSkip };

struct DataOptions {
  std::vector<std::string> train;  // directories of the training shards
  std::string stage;               // node-local folder to copy these shards to first; empty: none
  std::string validation;          // directory of shards for the validation loss; empty: none
  Sampling sampling = Sampling::kShuffle;  // shuffle | resampled
  // resampled: each directory's share of the draws, relative to the other directories; empty: in
  // proportion to their numbers of samples.
  std::vector<double> weights;
  int64_t epoch_samples = 0;    // resampled: draws per epoch; 0: the number of samples
  int64_t workers = 2;          // reader threads per rank
  int64_t prefetch = 4;         // batches that each rank holds ready
  int64_t shuffle_block = 64;   // samples per block of the order (read together)
  int64_t shuffle_window = 64;  // blocks whose samples are mixed
  // skip: another sample takes its place, the same one for any number of ranks, and the log names
  // the record.
  Corrupt on_corrupt = Corrupt::kFail;  // fail | skip
  // skip: damaged records that one rank may leave out, counted anew at each start; one more ends
  // the run.
  int64_t max_corrupt = 100;

  bool operator==(const DataOptions&) const = default;
};

}  // namespace dermatome
