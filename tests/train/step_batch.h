// The global batch of a tiny model's step, and each rank's share of it.
#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "src/data/batch.h"
#include "src/model/clip.h"
#include "src/train/train_step.h"

namespace dermatome {

// Enough texts per rank for several length buckets.
inline constexpr int64_t kSamplesPerRank = 8;
inline constexpr CheckpointedBlocks kEverything{.image = kAllBlocks, .text = kAllBlocks};

ClipConfig tiny_config();
Clip make_model(CheckpointedBlocks checkpointed = {});

// Of G samples with N captions each.
struct StepBatch {
  at::Tensor pixels;        // [G, 3, 16, 16]
  at::Tensor tokens;        // [G * N, 40]
  at::Tensor lengths;       // [G * N]: from 3 to 40
  at::Tensor mask;          // [G, N]
  at::Tensor kept_patches;  // [G, K] of the four patches; undefined: all
};

// Random, but the same on every rank. The last rank's samples have no captions if
// `last_without_text`.
StepBatch make_step_batch(int num_ranks, bool last_without_text, int64_t num_kept_patches = 0);

// What a rank works on: its batch, and how many samples and texts every rank has.
struct Share {
  Batch batch;
  GlobalSizes sizes;
};

// Rank `rank`'s share when rank r holds the next samples_per_rank[r] samples.
Share share_of(const StepBatch& global, const std::vector<int64_t>& samples_per_rank, int rank);
// This rank's, of equal ones.
Share own_share(const StepBatch& global);

}  // namespace dermatome
