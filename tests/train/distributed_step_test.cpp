// Steps on several ranks: the gradients of every parameter are those of one rank on the global
// batch.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "src/distributed/rendezvous.h"
#include "src/train/train_step.h"
#include "tests/support/mpi_world.h"

namespace dermatome {
namespace {

// Enough texts a rank for several length buckets.
constexpr int64_t kSamplesPerRank = 8;

ClipConfig tiny_config() {
  ClipConfig config;
  config.embed_dim = 16;
  config.vision = {.image_size = 16, .patch_size = 8, .width = 32, .layers = 2, .head_width = 16};
  config.text = {.context_length = 40, .vocab_size = 50, .width = 32, .heads = 2, .layers = 2};
  return config;
}

struct GlobalBatch {
  at::Tensor pixels;   // [G, 3, 16, 16]
  at::Tensor tokens;   // [G * N, 40]
  at::Tensor lengths;  // [G * N]: from 3 to 40
  at::Tensor mask;     // [G, N]
};

// Random, but the same on every rank. The last rank's samples have no captions if
// `last_without_text`.
GlobalBatch make_global_batch(int num_ranks, bool last_without_text) {
  const int64_t num_samples = num_ranks * kSamplesPerRank;
  constexpr int64_t kNumCaptions = 11;
  at::manual_seed(5);
  GlobalBatch batch;
  batch.pixels = at::randn({num_samples, 3, 16, 16});
  batch.tokens = at::randint(1, 49, {num_samples * kNumCaptions, 40}, at::kLong);
  batch.lengths = at::randint(3, 41, {num_samples * kNumCaptions}, at::kLong);
  batch.tokens.masked_fill_(at::arange(40).unsqueeze(0) >= batch.lengths.unsqueeze(1), 0);
  batch.mask = at::rand({num_samples, kNumCaptions}) < 0.6;
  if (last_without_text) batch.mask.slice(0, num_samples - kSamplesPerRank).fill_(false);
  return batch;
}

// The samples [first, last) as a loader hands them over: texts only for valid captions.
Batch slice(const GlobalBatch& global, int64_t first, int64_t last) {
  const int64_t num_captions = global.mask.size(1);
  Batch batch;
  batch.images = global.pixels.slice(0, first, last);
  batch.mask = global.mask.slice(0, first, last);
  const at::Tensor rows = (batch.mask.flatten().nonzero().flatten() + first * num_captions);
  batch.tokens = global.tokens.index_select(0, rows);
  batch.lengths = global.lengths.index_select(0, rows);
  batch.caption = at::full({last - first, num_captions}, -1, at::kLong);
  batch.caption.masked_scatter_(batch.mask, at::arange(rows.size(0)));
  return batch;
}

struct Variant {
  const char* name;
  bool gradient_checkpointing = false;
  bool last_without_text = false;
  ObjectiveOptions objective = {};
};

std::vector<Variant> variants() {
  ObjectiveOptions contrast_only;
  contrast_only.local_alignment = false;
  ObjectiveOptions plain_clip = contrast_only;
  plain_clip.mkcl = false;
  return {{.name = "method"},
          {.name = "gradient_checkpointing", .gradient_checkpointing = true},
          {.name = "rank_without_text", .last_without_text = true},
          {.name = "checkpointed_rank_without_text",
           .gradient_checkpointing = true,
           .last_without_text = true},
          {.name = "contrast_only", .objective = contrast_only},
          {.name = "plain_clip", .objective = plain_clip}};
}

Clip make_model(bool gradient_checkpointing) {
  Clip model(tiny_config(), c10::kCPU, gradient_checkpointing);
  model.initialise(11);
  return model;
}

class DistributedStep : public testing::TestWithParam<Variant> {};

TEST_P(DistributedStep, GradientsAreThoseOfOneRankOnTheGlobalBatch) {
  const Variant& variant = GetParam();
  const int num_ranks = test_world().size;
  const int64_t num_samples = num_ranks * kSamplesPerRank;
  const GlobalBatch global = make_global_batch(num_ranks, variant.last_without_text);
  TrainOptions options;
  options.objective = variant.objective;

  Clip whole_model = make_model(/*gradient_checkpointing=*/false);
  const auto alone = Rendezvous(World{}, std::chrono::seconds(10)).connect("alone");
  TrainStep whole_step(whole_model, *alone, options);
  const Batch whole = slice(global, 0, num_samples);
  const ObjectiveResult expected =
      whole_step.compute_gradients(whole.images, whole, {{num_samples}, {whole.tokens.size(0)}});

  Clip model = make_model(variant.gradient_checkpointing);
  const auto group = make_test_group();
  // Small buckets, so that there are several.
  options.runtime.bucket_mb = 0;
  TrainStep step(model, *group, options);
  GlobalSizes sizes;
  for (int rank = 0; rank < num_ranks; ++rank) {
    const Batch part = slice(global, rank * kSamplesPerRank, (rank + 1) * kSamplesPerRank);
    sizes.images.push_back(kSamplesPerRank);
    sizes.texts.push_back(part.tokens.size(0));
  }
  const int64_t first = test_world().rank * kSamplesPerRank;
  const Batch own = slice(global, first, first + kSamplesPerRank);
  // Twice: the second step finds the gradients of the first in its buckets.
  for (int repeat = 0; repeat < 2; ++repeat) {
    const ObjectiveResult result = step.compute_gradients(own.images, own, sizes);
    EXPECT_NEAR(result.total.item<double>(), expected.total.item<double>(), 1e-5);
    for (size_t i = 0; i < model.parameters().size(); ++i) {
      const at::Tensor gradient = model.parameters()[i].value.grad();
      const at::Tensor reference = whole_model.parameters()[i].value.grad();
      // A key bias has no gradient but rounding: hence the absolute part.
      EXPECT_LE((gradient - reference).norm().item<double>(),
                1e-5 * reference.norm().item<double>() + 1e-6)
          << model.parameters()[i].name << ", step " << repeat;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, DistributedStep, testing::ValuesIn(variants()),
                         [](const auto& instance) { return std::string(instance.param.name); });

}  // namespace
}  // namespace dermatome
