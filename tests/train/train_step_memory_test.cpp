// A step in micro-batches holds the activations of one micro-batch. Of the whole batch it only
// holds embeddings and the objective's tensors.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "src/config/train_options.h"
#include "src/core/caption_rows.h"
#include "src/distributed/single_process.h"
#include "src/train/train_step.h"
#include "tests/support/allocation_watch.h"

namespace dermatome {
namespace {

constexpr int64_t kMicroBatch = 4, kNumMicroBatches = 8;
constexpr int64_t kNumCaptions = kFirstSubcaption + kDefaultNumSubcaptions;

// A model so deep that activations need more memory than everything else.
ClipConfig deep_config() {
  ClipConfig config;
  config.embed_dim = 16;
  config.vision = {.image_size = 32, .patch_size = 8, .width = 32, .layers = 4, .head_width = 16};
  config.text = {.context_length = 24, .vocab_size = 50, .width = 32, .heads = 2, .layers = 4};
  return config;
}

// A batch in which every caption is its own text and all texts are equally long.
Batch random_batch(int64_t num_samples) {
  const TextConfig text = deep_config().text;
  const int64_t num_texts = num_samples * kNumCaptions;
  at::manual_seed(5);
  Batch batch;
  batch.images = at::randint(0, 256, {num_samples, 3, 32, 32}, at::kByte);
  batch.tokens = at::randint(1, text.vocab_size, {num_texts, text.context_length}, at::kLong);
  batch.lengths = at::full({num_texts}, text.context_length, at::kLong);
  batch.caption = at::arange(num_texts, at::kLong).view({num_samples, kNumCaptions});
  batch.mask = at::ones({num_samples, kNumCaptions}, at::kBool);
  return batch;
}

// The peak bytes of a step's tensors, without parameters, their gradients and the batch.
int64_t peak(int64_t num_samples, int64_t accum, LockedLayers locked = {}) {
  Clip model(deep_config(), c10::kCPU);
  model.initialize(1);
  model.lock(locked);
  const auto collectives = make_single_process_collectives();
  TrainOptions options;
  options.accum = accum;
  TrainStep step(model, *collectives, options);
  const Batch batch = random_batch(num_samples);
  const GlobalSizes sizes = {{num_samples}, {batch.tokens.size(0)}};
  step.compute_gradients(batch, sizes);  // allocates what stays for the next step
  return watch_allocations([&] { step.compute_gradients(batch, sizes); }).peak;
}

TEST(TrainStepMemory, FollowsTheMicroBatch) {
  constexpr int64_t kCopies = 20;
  const int64_t alone = peak(kMicroBatch, 1);
  const int64_t whole = peak(kNumMicroBatches * kMicroBatch, 1);
  const int64_t accumulated = peak(kNumMicroBatches * kMicroBatch, kNumMicroBatches);
  // Copies of the embeddings still grow with the batch: two vectors per image and one per text.
  const int64_t embeddings = kNumMicroBatches * kMicroBatch * (kNumCaptions + 2) *
                             deep_config().embed_dim * static_cast<int64_t>(sizeof(float));
  EXPECT_GE(whole, (kNumMicroBatches - 1) * alone);
  EXPECT_LE(accumulated, alone + kCopies * embeddings);
}

TEST(TrainStepMemory, LockedLayersKeepNothingForABackwardPass) {
  constexpr int64_t kSamples = 32;
  const int64_t whole = peak(kSamples, 1);
  // Almost all tokens are texts'. Of four blocks two are locked, then all.
  EXPECT_LT(peak(kSamples, 1, {.text = 3}), 3 * whole / 4);
  EXPECT_LT(peak(kSamples, 1, {.text = 6}), whole / 2);
}

TEST(TrainStepMemory, LockedParametersHaveNoGradients) {
  Clip model(deep_config(), c10::kCPU);
  const auto collectives = make_single_process_collectives();
  const TrainOptions options;
  const auto bytes = [&](LockedLayers locked) {
    model.lock(locked);
    return watch_allocations([&] { const TrainStep step(model, *collectives, options); }).peak;
  };
  int64_t image = 0;
  for (const auto& layer : model.image_layers()) {
    for (const at::Tensor& parameter : layer) image += parameter.numel();
  }
  const int64_t all = bytes({}), without_image = bytes({.image = 6});
  // Buckets align each gradient to 64 bytes.
  EXPECT_GE(all - without_image, image * static_cast<int64_t>(sizeof(float)));
  EXPECT_EQ(bytes({.image = 6, .text = 6}), 0);
}

}  // namespace
}  // namespace dermatome
