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
// The same with a BERT as text tower.
ClipConfig tiny_config_with_bert(BertPooler pooler);
Clip make_model(CheckpointedBlocks checkpointed = {}, const ClipConfig& config = tiny_config());

// A batch of G samples with N captions each.
struct StepBatch {
  at::Tensor pixels;        // [G, 3, 16, 16]
  at::Tensor tokens;        // [G * N, 40]
  at::Tensor lengths;       // [G * N], from 3 to 40
  at::Tensor mask;          // [G, N]
  at::Tensor kept_patches;  // [G, K], of the four patches; undefined: all are kept
};

// A random batch, the same on every rank. If `last_without_text`, the last rank's samples have no
// captions.
StepBatch make_step_batch(int num_ranks, bool last_without_text, int64_t num_kept_patches = 0);

// A rank's own batch, and the numbers of samples and texts of every rank.
struct Share {
  Batch batch;
  GlobalSizes sizes;
};

// The share of rank `rank` if rank r holds the next samples_per_rank[r] samples.
Share share_of(const StepBatch& global, const std::vector<int64_t>& samples_per_rank, int rank);
// This rank's share if all ranks hold the same number of samples.
Share own_share(const StepBatch& global);

}  // namespace dermatome
