// Batches of a loader in a form that can be compared.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sharding/dataset.h"
#include "src/data/loader.h"
#include "src/text/clip_tokenizer.h"

namespace dermatome {

inline constexpr int64_t kLoadedSize = 24;  // pixels per side

// One sample of a batch, so that samples of different ranks' batches can be compared.
struct Sample {
  int64_t id = 0;
  std::vector<uint8_t> pixels;              // [3, H, W]
  std::vector<int64_t> kept_patches;        // empty: all patches are kept
  std::vector<std::vector<int64_t>> texts;  // token ids of every caption; empty: no text
  std::vector<bool> mask;
  bool operator==(const Sample&) const = default;
};

std::vector<Sample> samples_of(const Batch& batch);

// One tokenizer for all tests, and the token ids that it gives for a text.
const ClipTokenizer& tokenizer();
std::vector<int64_t> encode(const std::string& text);

// The options of a training with every augmentation and with small blocks in its order.
LoaderOptions options_for(int64_t global_batch, int64_t rank = 0, int64_t world = 1);

// The global batches of `steps` steps from (epoch, step) on, put together from the slices of
// `world` ranks.
std::vector<std::vector<Sample>> global_batches(const ShardedDataset& dataset, LoaderOptions common,
                                                int64_t world, int64_t epoch, int64_t step,
                                                int64_t steps);

}  // namespace dermatome
