// The objective holds a few tiles of logits and some copies of the embeddings at once, never a
// matrix of all images (or patches) with all texts.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "src/config/objective_options.h"
#include "src/core/caption_rows.h"
#include "src/objective/create_objective.h"
#include "src/objective/local_attention.h"
#include "src/objective/tile_math.h"
#include "tests/support/allocation_watch.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

constexpr int64_t kNumCaptions = kFirstSubcaption + kDefaultNumSubcaptions;
constexpr int64_t kWidth = 16;

at::Tensor unit_rows(int64_t num_rows) {
  const at::Tensor rows = at::randn({num_rows, kWidth});
  return rows / rows.norm(2, {1}, /*keepdim=*/true);
}

// No two captions are equal.
ObjectiveInput random_input(int64_t num_samples) {
  const int64_t num_texts = num_samples * kNumCaptions;
  ObjectiveInput input;
  input.image = unit_rows(num_samples);
  input.local = unit_rows(num_samples);
  input.text = unit_rows(num_texts);
  input.caption = at::arange(num_texts, at::kLong).view({num_samples, kNumCaptions});
  input.mask = at::ones({num_samples, kNumCaptions}, at::kBool);
  input.logit_scale = at::scalar_tensor(std::log(20.0), at::kFloat);
  return input;
}

// What rank 0 of `num_ranks` allocates if every rank has `num_samples` samples.
Allocations allocations_of(int num_ranks, int64_t num_samples) {
  const auto size = static_cast<size_t>(num_ranks);
  const GlobalSizes sizes = {std::vector<int64_t>(size, num_samples),
                             std::vector<int64_t>(size, num_samples * kNumCaptions)};
  const ObjectiveInput input = random_input(num_samples);
  Allocations result;
  run_ranks(num_ranks, [&](Collectives& collectives) {
    const auto objective = create_objective({});
    const Allocations own = watch_allocations([&] {
      auto text_gather = objective->start_text_gather(input.text, sizes, collectives);
      objective->evaluate(input, std::move(text_gather), sizes, collectives);
    });
    if (collectives.rank() == 0) result = own;
  });
  return result;
}

// The peak is linear in the number of samples, because tiles have a bounded extent. Even the
// smallest of these batches would need 46 MB for the logits of all images with all texts, and
// 507 MB for all pairs of texts.
TEST(ObjectiveMemory, IsAFewTilesAndCopiesOfTheEmbeddings) {
  constexpr int64_t kTiles = 3, kCopies = 5;
  const auto bytes = [](int64_t numbers) { return numbers * static_cast<int64_t>(sizeof(float)); };
  for (const auto& [num_ranks, num_samples] :
       {std::pair<int, int64_t>(1, 1024), {1, 2048}, {2, 1024}}) {
    const int64_t tile = bytes(std::min(num_samples, kTileExtent) * kTileExtent);
    const int64_t embeddings = bytes(num_ranks * num_samples * (kNumCaptions + 2) * kWidth);
    const Allocations own = allocations_of(num_ranks, num_samples);
    EXPECT_LE(own.largest, tile) << num_ranks << " ranks, " << num_samples << " samples each";
    EXPECT_LE(own.peak, kTiles * tile + kCopies * embeddings)
        << num_ranks << " ranks, " << num_samples << " samples each";
    // A lower peak would mean that allocations were not seen.
    EXPECT_GE(own.peak, tile + embeddings);
  }
}

// A patch meets only its own sample's text. Cosines of all patches with all texts would need 9 MB.
TEST(ObjectiveMemory, PatchesMeetOnlyTheirOwnSamplesText) {
  constexpr int64_t kSamples = 64, kPatches = 50, kCopies = 4;
  const at::Tensor patches =
      unit_rows(kSamples * kPatches).view({kSamples, kPatches, kWidth}).requires_grad_();
  const at::Tensor text = unit_rows(kSamples * kNumCaptions).requires_grad_();
  const at::Tensor selector = at::arange(0, kSamples * kNumCaptions, kNumCaptions);
  const Allocations own = watch_allocations(
      [&] { torch::autograd::backward({attend_patches(patches, text, selector, {}).sum()}, {}); });
  const auto patch_bytes = static_cast<int64_t>(patches.nbytes());
  EXPECT_LE(own.largest, patch_bytes);
  EXPECT_LE(own.peak, kCopies * patch_bytes);
  EXPECT_GE(own.peak, patch_bytes);  // allocations were seen
}

}  // namespace
}  // namespace dermatome
