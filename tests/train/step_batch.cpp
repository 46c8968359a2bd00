#include "tests/train/step_batch.h"

#include "tests/support/mpi_world.h"

namespace dermatome {
namespace {

// The samples [first, last) as a loader gives them, with texts only for valid captions.
Batch slice(const StepBatch& global, int64_t first, int64_t last) {
  const int64_t num_captions = global.mask.size(1);
  Batch batch;
  batch.images = global.pixels.slice(0, first, last);
  batch.mask = global.mask.slice(0, first, last);
  if (global.kept_patches.defined()) {
    batch.kept_patches = global.kept_patches.slice(0, first, last);
  }
  const at::Tensor rows = (batch.mask.flatten().nonzero().flatten() + first * num_captions);
  batch.tokens = global.tokens.index_select(0, rows);
  batch.lengths = global.lengths.index_select(0, rows);
  batch.caption = at::full({last - first, num_captions}, -1, at::kLong);
  batch.caption.masked_scatter_(batch.mask, at::arange(rows.size(0)));
  return batch;
}

}  // namespace

ClipConfig tiny_config() {
  ClipConfig config;
  config.embed_dim = 16;
  config.vision = {.image_size = 16, .patch_size = 8, .width = 32, .layers = 2, .head_width = 16};
  config.text = {.context_length = 40, .vocab_size = 50, .width = 32, .heads = 2, .layers = 2};
  return config;
}

ClipConfig tiny_config_with_bert(BertPooler pooler) {
  ClipConfig config = tiny_config();
  // Attention that is almost even would leave queries and keys gradients of rounding noise.
  config.text.bert = BertConfig{.pooler = pooler, .initial_deviation = 0.2, .positions = 40};
  return config;
}

StepBatch make_step_batch(int num_ranks, bool last_without_text, int64_t num_kept_patches) {
  const int64_t num_samples = num_ranks * kSamplesPerRank;
  constexpr int64_t kNumCaptions = 11;
  at::manual_seed(5);
  StepBatch batch;
  batch.pixels = at::randn({num_samples, 3, 16, 16});
  batch.tokens = at::randint(1, 49, {num_samples * kNumCaptions, 40}, at::kLong);
  batch.lengths = at::randint(3, 41, {num_samples * kNumCaptions}, at::kLong);
  batch.tokens.masked_fill_(at::arange(40).unsqueeze(0) >= batch.lengths.unsqueeze(1), 0);
  batch.mask = at::rand({num_samples, kNumCaptions}) < 0.6;
  if (last_without_text) batch.mask.slice(0, num_samples - kSamplesPerRank).fill_(false);
  if (num_kept_patches > 0) {
    batch.kept_patches =
        at::rand({num_samples, 4}).argsort(/*stable=*/false, 1).narrow(1, 0, num_kept_patches);
  }
  return batch;
}

Clip make_model(CheckpointedBlocks checkpointed, const ClipConfig& config) {
  Clip model(config, c10::kCPU, checkpointed);
  model.initialize(11);
  return model;
}

Share share_of(const StepBatch& global, const std::vector<int64_t>& samples_per_rank, int rank) {
  Share share;
  int64_t first = 0;
  for (size_t r = 0; r < samples_per_rank.size(); ++r) {
    const Batch part = slice(global, first, first + samples_per_rank[r]);
    first += samples_per_rank[r];
    share.sizes.images.push_back(part.images.size(0));
    share.sizes.texts.push_back(part.tokens.size(0));
    if (static_cast<int>(r) == rank) share.batch = part;
  }
  return share;
}

Share own_share(const StepBatch& global) {
  const auto num_ranks = static_cast<size_t>(test_world().size);
  return share_of(global, std::vector<int64_t>(num_ranks, kSamplesPerRank), test_world().rank);
}

}  // namespace dermatome
