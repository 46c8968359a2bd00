// A step on several ranks has the values and gradients of one rank on the global batch.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "src/config/train_options.h"
#include "src/core/caption_rows.h"
#include "src/distributed/single_process.h"
#include "src/train/train_step.h"
#include "tests/support/golden.h"
#include "tests/support/mpi_world.h"
#include "tests/train/step_batch.h"

namespace dermatome {
namespace {

// The result of a step on the whole batch by this rank alone.
ObjectiveResult alone(Clip& model, const StepBatch& global, const TrainOptions& options) {
  const auto collectives = make_single_process_collectives();
  TrainStep step(model, *collectives, options);
  const Share whole = share_of(global, {global.pixels.size(0)}, 0);
  const ObjectiveResult result = step.compute_gradients(whole.batch, whole.sizes).objective;
  // The step owns the memory of the gradients, which are needed for longer than the step.
  for (const NamedParameter& parameter : model.trained_parameters()) {
    parameter.value.mutable_grad() = parameter.value.grad().clone();
  }
  return result;
}

struct Variant {
  const char* name;
  CheckpointedBlocks checkpointed = {};
  bool last_without_text = false;
  int64_t accum = 1;
  ObjectiveOptions objective = {};
  int64_t num_kept_patches = 0;
  LockedLayers locked = {};  // of the embeddings, two blocks and the rest
  ClipConfig config = tiny_config();
};

// An image tower that pools its patches, and whose positions are never trained.
ClipConfig pooling_config() {
  ClipConfig config = tiny_config();
  config.vision.positions = ImagePositions::kFixedColumnsFirst;
  config.vision.pooling = ImagePooling::kMeanOfPatches;
  config.vision.final_norm = FinalNorm::kAfterPooling;
  return config;
}

std::vector<Variant> variants() {
  ObjectiveOptions contrast_only;
  contrast_only.local_alignment = false;
  ObjectiveOptions plain_clip = contrast_only;
  plain_clip.mkcl = false;
  return {
      {.name = "method"},
      {.name = "checkpointed", .checkpointed = kEverything},
      {.name = "rank_without_text", .last_without_text = true},
      {.name = "checkpointed_rank_without_text",
       .checkpointed = kEverything,
       .last_without_text = true},
      {.name = "contrast_only", .objective = contrast_only},
      {.name = "plain_clip", .objective = plain_clip},
      {.name = "accumulated", .accum = 3},
      {.name = "accumulated_one_by_one", .accum = 100},
      {.name = "accumulated_checkpointed_rank_without_text",
       .checkpointed = kEverything,
       .last_without_text = true,
       .accum = 2},
      {.name = "accumulated_contrast_only", .accum = 3, .objective = contrast_only},
      {.name = "bert", .config = tiny_config_with_bert(BertPooler::kMean)},
      {.name = "bert_accumulated_checkpointed_rank_without_text",
       .checkpointed = kEverything,
       .last_without_text = true,
       .accum = 3,
       .config = tiny_config_with_bert(BertPooler::kCls)},
      {.name = "bert_locked_first_layers",
       .locked = {.text = 2},
       .config = tiny_config_with_bert(BertPooler::kMean)},
      {.name = "patch_dropout", .num_kept_patches = 2},
      {.name = "accumulated_patch_dropout", .accum = 3, .num_kept_patches = 3},
      {.name = "mean_of_patches", .config = pooling_config()},
      {.name = "mean_of_patches_accumulated_patch_dropout",
       .checkpointed = kEverything,
       .accum = 3,
       .num_kept_patches = 3,
       .config = pooling_config()},
      {.name = "locked_first_layers", .locked = {.image = 2, .text = 3}},
      {.name = "locked_image_rank_without_text", .last_without_text = true, .locked = {.image = 4}},
      {.name = "locked_image_contrast_only", .objective = contrast_only, .locked = {.image = 4}},
      {.name = "locked_text_checkpointed", .checkpointed = kEverything, .locked = {.text = 4}},
      {.name = "accumulated_locked_image_rank_without_text",
       .last_without_text = true,
       .accum = 3,
       .locked = {.image = 4}},
      {.name = "accumulated_locked_image_contrast_only",
       .accum = 3,
       .objective = contrast_only,
       .locked = {.image = 4}},
      {.name = "accumulated_locked_text", .accum = 3, .locked = {.image = 1, .text = 4}}};
}

// The gradient without that of the keys' bias. This bias adds the same to all logits of a softmax,
// so its gradient is only rounding noise.
at::Tensor significant_gradient(const NamedParameter& parameter) {
  const at::Tensor gradient = parameter.value.grad();
  if (parameter.name.ends_with("self.key.bias")) {
    EXPECT_LE(gradient.norm().item<double>(), 1e-5) << parameter.name;
    return gradient.narrow(0, 0, 0);
  }
  if (!parameter.name.ends_with("attn.in_proj_bias")) return gradient;
  const std::vector<at::Tensor> queries_keys_values = gradient.chunk(3);
  EXPECT_LE(queries_keys_values[1].norm().item<double>(), 1e-6) << parameter.name;
  return at::cat({queries_keys_values[0], queries_keys_values[2]});
}

class DistributedStep : public testing::TestWithParam<Variant> {};

TEST_P(DistributedStep, GradientsAreThoseOfOneRankOnTheGlobalBatch) {
  const Variant& variant = GetParam();
  const StepBatch global =
      make_step_batch(test_world().size, variant.last_without_text, variant.num_kept_patches);
  TrainOptions options;
  options.objective = variant.objective;
  Clip whole_model = make_model({}, variant.config);
  const ObjectiveResult expected = alone(whole_model, global, options);

  Clip model = make_model(variant.checkpointed, variant.config);
  model.lock(variant.locked);
  const auto group = make_test_group();
  // Buckets are small, so that there are several.
  options.runtime.bucket_mb = 0;
  options.accum = variant.accum;
  TrainStep step(model, *group, options);
  const Share own = own_share(global);
  // The second step finds the gradients of the first in its buckets.
  for (int repeat = 0; repeat < 2; ++repeat) {
    const ObjectiveResult result = step.compute_gradients(own.batch, own.sizes).objective;
    EXPECT_NEAR(result.total.item<double>(), expected.total.item<double>(), 1e-5);
    for (size_t i = 0; i < model.parameters().size(); ++i) {
      if (!model.parameters()[i].value.requires_grad()) {
        EXPECT_FALSE(model.parameters()[i].value.grad().defined());
        continue;
      }
      const at::Tensor gradient = significant_gradient(model.parameters()[i]);
      const at::Tensor reference = significant_gradient(whole_model.parameters()[i]);
      EXPECT_LE((gradient - reference).norm().item<double>(),
                1e-5 * reference.norm().item<double>())
          << model.parameters()[i].name << ", step " << repeat;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Variants, DistributedStep, testing::ValuesIn(variants()),
                         [](const auto& instance) { return std::string(instance.param.name); });

TEST(DistributedStep, EncodesOnlyThePatchesThatAreKept) {
  StepBatch global = make_step_batch(1, /*last_without_text=*/false);
  Clip model = make_model();
  const at::Tensor whole = alone(model, global, {}).total;
  // All patches are kept, in another order. Only their positions tell patches apart.
  global.kept_patches = at::arange(3, -1, -1).repeat({kSamplesPerRank, 1});
  EXPECT_LT(relative_difference(alone(model, global, {}).total, whole), 1e-6);
  global.kept_patches = global.kept_patches.narrow(1, 0, 2);
  const at::Tensor half = alone(model, global, {}).total;
  EXPECT_GT(relative_difference(half, whole), 1e-5);
  // Patches that are not kept have no influence.
  at::Tensor upper = global.pixels.slice(2, 0, 8);  // patches 0 and 1
  upper.copy_(at::randn_like(upper));
  EXPECT_EQ(alone(model, global, {}).total.item<float>(), half.item<float>());
}

at::Tensor all_gradients(const Clip& model) {
  std::vector<at::Tensor> gradients;
  for (const NamedParameter& parameter : model.parameters()) {
    EXPECT_EQ(parameter.value.grad().scalar_type(), at::kFloat) << parameter.name;
    gradients.push_back(parameter.value.grad().flatten());
  }
  return at::cat(gradients);
}

TEST(DistributedStep, InBf16IsCloseToOneRankInBf16AndInFp32) {
  const int num_ranks = test_world().size;
  const StepBatch global = make_step_batch(num_ranks, /*last_without_text=*/num_ranks > 1);
  TrainOptions options;
  Clip exact_model = make_model();
  const ObjectiveResult exact = alone(exact_model, global, options);
  options.model.precision = Precision::kAmpBf16;
  Clip whole_model = make_model();
  const ObjectiveResult whole = alone(whole_model, global, options);

  Clip model = make_model();
  const auto group = make_test_group();
  TrainStep step(model, *group, options);
  const Share own = own_share(global);
  const ObjectiveResult result = step.compute_gradients(own.batch, own.sizes).objective;

  // bf16 has 8 bits, so features are off by 1e-2 and the loss by less. Equality would mean that
  // autocast did nothing. Gradients are not compared with fp32: if patches hardly pass sigma, local
  // alignment divides by almost zero, so rounding matters (a difference of 0.3 even on one rank).
  const double difference = relative_difference(result.total, exact.total);
  EXPECT_GT(difference, 1e-6);
  EXPECT_LT(difference, 5e-3);
  // One rank has other length buckets than several ranks, so rounding differs.
  EXPECT_LT(relative_difference(result.total, whole.total), 1e-3);
  EXPECT_LT(relative_difference(all_gradients(model), all_gradients(whole_model)), 3e-2);
}

TEST(DistributedStep, FindsTheSamplesThatAreNotFinite) {
  constexpr int64_t kUnusedToken = 49;
  const auto group = make_test_group();
  const bool last_rank = group->rank() + 1 == group->size();
  Clip model = make_model();
  for (const NamedParameter& parameter : model.parameters()) {
    if (parameter.name == "token_embedding.weight") {
      parameter.value.detach()[kUnusedToken].fill_(NAN);
    }
  }
  const auto expect_not_finite = [&](const Share& share, const std::vector<int64_t>& samples) {
    for (const int64_t accum : {1, 3}) {
      TrainOptions options;
      options.accum = accum;
      TrainStep step(model, *group, options);
      const at::Tensor finite = step.compute_gradients(share.batch, share.sizes).finite_samples;
      at::Tensor expected = at::ones({kSamplesPerRank}, at::kBool);
      if (last_rank) expected.index_fill_(0, at::tensor(samples, at::kLong), 0);
      EXPECT_TRUE(finite.equal(expected)) << finite;
    }
  };
  const Share good = own_share(make_step_batch(group->size(), /*last_without_text=*/false));

  Share image = good;
  image.batch.images = good.batch.images.clone();
  if (last_rank) image.batch.images[3].fill_(NAN);
  expect_not_finite(image, {3});

  Share text = good;
  for (at::Tensor* tensor : {&text.batch.tokens, &text.batch.caption, &text.batch.mask}) {
    *tensor = tensor->clone();
  }
  if (last_rank) {
    text.batch.tokens[0][1] = kUnusedToken;  // in a text of sample 0
    for (const auto& [sample, caption] : {std::pair(2, kRawCaption), {6, kFirstSubcaption}}) {
      text.batch.caption[sample][caption] = 0;
      text.batch.mask[sample][caption] = true;
    }
  }
  expect_not_finite(text, {0, 2, 6});
}

// In the last batch of a validation set, some ranks have fewer samples, or none.
TEST(DistributedStep, EvaluatesUnevenSharesAsOneRankDoes) {
  const StepBatch global = make_step_batch(test_world().size, /*last_without_text=*/false);
  const TrainOptions options;
  Clip model = make_model();
  const ObjectiveResult expected = alone(model, global, options);
  const auto group = make_test_group();
  TrainStep step(model, *group, options);
  std::vector<int64_t> samples(static_cast<size_t>(test_world().size), 0);
  samples.front() = global.pixels.size(0);
  if (samples.size() > 2) {
    samples[0] -= 3;
    samples[1] += 3;
  }
  const Share own = share_of(global, samples, test_world().rank);
  const auto values = values_on_host(step.evaluate(own.batch, own.sizes).objective);
  const auto expected_values = values_on_host(expected);
  ASSERT_EQ(values.size(), 3);  // total and two terms
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i].first, expected_values[i].first);
    EXPECT_NEAR(values[i].second, expected_values[i].second, 1e-5) << values[i].first;
  }
}

}  // namespace
}  // namespace dermatome
