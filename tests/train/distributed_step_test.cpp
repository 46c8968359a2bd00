// Steps on several ranks: values and gradients are those of one rank on the global batch.
#include <ATen/ATen.h>
#include <ATen/core/function_schema.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/function.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "src/core/caption_rows.h"
#include "src/distributed/single_process.h"
#include "src/train/finite_watch.h"
#include "src/train/optimizer.h"
#include "src/train/step_cost.h"
#include "src/train/train_step.h"
#include "tests/support/golden.h"
#include "tests/support/mpi_world.h"
#include "tests/support/operator_watch.h"

namespace dermatome {
namespace {

// Enough texts a rank for several length buckets.
constexpr int64_t kSamplesPerRank = 8;
constexpr CheckpointedBlocks kEverything{.image = kAllBlocks, .text = kAllBlocks};

ClipConfig tiny_config() {
  ClipConfig config;
  config.embed_dim = 16;
  config.vision = {.image_size = 16, .patch_size = 8, .width = 32, .layers = 2, .head_width = 16};
  config.text = {.context_length = 40, .vocab_size = 50, .width = 32, .heads = 2, .layers = 2};
  return config;
}

struct GlobalBatch {
  at::Tensor pixels;        // [G, 3, 16, 16]
  at::Tensor tokens;        // [G * N, 40]
  at::Tensor lengths;       // [G * N]: from 3 to 40
  at::Tensor mask;          // [G, N]
  at::Tensor kept_patches;  // [G, K] of the four patches; undefined: all
};

// Random, but the same on every rank. The last rank's samples have no captions if
// `last_without_text`.
GlobalBatch make_global_batch(int num_ranks, bool last_without_text, int64_t num_kept_patches = 0) {
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
  if (num_kept_patches > 0) {
    batch.kept_patches =
        at::rand({num_samples, 4}).argsort(/*stable=*/false, 1).narrow(1, 0, num_kept_patches);
  }
  return batch;
}

// The samples [first, last) as a loader hands them over: texts only for valid captions.
Batch slice(const GlobalBatch& global, int64_t first, int64_t last) {
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

Clip make_model(CheckpointedBlocks checkpointed = {}) {
  Clip model(tiny_config(), c10::kCPU, checkpointed);
  model.initialise(11);
  return model;
}

// What a rank works on: its batch, and how many samples and texts every rank has.
struct Share {
  Batch batch;
  GlobalSizes sizes;
};

// Rank `rank`'s share when rank r holds the next samples_per_rank[r] samples.
Share share_of(const GlobalBatch& global, const std::vector<int64_t>& samples_per_rank, int rank) {
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

Share own_share(const GlobalBatch& global) {
  const auto num_ranks = static_cast<size_t>(test_world().size);
  return share_of(global, std::vector<int64_t>(num_ranks, kSamplesPerRank), test_world().rank);
}

// The whole batch on this rank alone.
ObjectiveResult alone(Clip& model, const GlobalBatch& global, const TrainOptions& options) {
  const auto collectives = make_single_process_collectives();
  TrainStep step(model, *collectives, options);
  const Share whole = share_of(global, {global.pixels.size(0)}, 0);
  const ObjectiveResult result = step.compute_gradients(whole.batch, whole.sizes).objective;
  // The gradients are to outlive the step, which owns their memory.
  for (const NamedParameter& parameter : model.parameters()) {
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
};

std::vector<Variant> variants() {
  ObjectiveOptions contrast_only;
  contrast_only.local_alignment = false;
  ObjectiveOptions plain_clip = contrast_only;
  plain_clip.mkcl = false;
  return {{.name = "method"},
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
          {.name = "patch_dropout", .num_kept_patches = 2},
          {.name = "accumulated_patch_dropout", .accum = 3, .num_kept_patches = 3}};
}

// The gradient without a bias of keys, which has none but rounding: it adds the same to all logits
// of a softmax.
at::Tensor significant_gradient(const NamedParameter& parameter) {
  const at::Tensor gradient = parameter.value.grad();
  if (!parameter.name.ends_with("attn.in_proj_bias")) return gradient;
  const std::vector<at::Tensor> queries_keys_values = gradient.chunk(3);
  EXPECT_LE(queries_keys_values[1].norm().item<double>(), 1e-6) << parameter.name;
  return at::cat({queries_keys_values[0], queries_keys_values[2]});
}

class DistributedStep : public testing::TestWithParam<Variant> {};

TEST_P(DistributedStep, GradientsAreThoseOfOneRankOnTheGlobalBatch) {
  const Variant& variant = GetParam();
  const GlobalBatch global =
      make_global_batch(test_world().size, variant.last_without_text, variant.num_kept_patches);
  TrainOptions options;
  options.objective = variant.objective;
  Clip whole_model = make_model();
  const ObjectiveResult expected = alone(whole_model, global, options);

  Clip model = make_model(variant.checkpointed);
  const auto group = make_test_group();
  // Small buckets, so that there are several.
  options.runtime.bucket_mb = 0;
  options.accum = variant.accum;
  TrainStep step(model, *group, options);
  const Share own = own_share(global);
  // Twice: the second step finds the gradients of the first in its buckets.
  for (int repeat = 0; repeat < 2; ++repeat) {
    const ObjectiveResult result = step.compute_gradients(own.batch, own.sizes).objective;
    EXPECT_NEAR(result.total.item<double>(), expected.total.item<double>(), 1e-5);
    for (size_t i = 0; i < model.parameters().size(); ++i) {
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
  GlobalBatch global = make_global_batch(1, /*last_without_text=*/false);
  Clip model = make_model();
  const at::Tensor whole = alone(model, global, {}).total;
  // In another order: patches are told apart by their positions alone.
  global.kept_patches = at::arange(3, -1, -1).repeat({kSamplesPerRank, 1});
  EXPECT_LT(relative_difference(alone(model, global, {}).total, whole), 1e-6);
  global.kept_patches = global.kept_patches.narrow(1, 0, 2);
  const at::Tensor half = alone(model, global, {}).total;
  EXPECT_GT(relative_difference(half, whole), 1e-5);
  // What is not kept has no influence.
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
  const GlobalBatch global = make_global_batch(num_ranks, /*last_without_text=*/num_ranks > 1);
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

  // bf16 has 8 bits: features are off by 1e-2, the loss by less. No difference would mean that
  // autocast did nothing. Gradients are not compared with fp32: where patches hardly pass sigma,
  // local alignment divides by almost nothing, and rounding decides (0.3 on one rank, too).
  const double difference = relative_difference(result.total, exact.total);
  EXPECT_GT(difference, 1e-6);
  EXPECT_LT(difference, 5e-3);
  // Length buckets differ between ranks and one rank, and with them the rounding.
  EXPECT_LT(relative_difference(result.total, whole.total), 1e-3);
  EXPECT_LT(relative_difference(all_gradients(model), all_gradients(whole_model)), 3e-2);
}

// Passes everything on and remembers what it was.
class RecordingCollectives : public Collectives {
 public:
  explicit RecordingCollectives(Collectives& inner) : inner_(inner) {}
  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::unique_ptr<PendingCollective> all_gather(at::Tensor output, const at::Tensor& input,
                                                const std::string& what) override {
    gathered.emplace_back(what, input.nbytes());
    return inner_.all_gather(output, input, what);
  }
  std::unique_ptr<PendingCollective> all_reduce_sum(at::Tensor values,
                                                    const std::string& what) override {
    ++num_reduced;
    reduced_bytes += values.nbytes();
    return inner_.all_reduce_sum(values, what);
  }
  void broadcast(at::Tensor /*values*/, int /*root*/, const std::string& what) override {
    ADD_FAILURE() << what;
  }
  void barrier(const std::string& what) override { ADD_FAILURE() << what; }

  std::vector<std::pair<std::string, size_t>> gathered;  // what, bytes of this rank's input
  size_t num_reduced = 0, reduced_bytes = 0;

 private:
  Collectives& inner_;
};

// `dermatome plan` takes every rank to have as many texts; here the largest number pads the others.
void expect_planned(const RecordingCollectives& recording, const TrainOptions& options,
                    const Share& own) {
  StepLoad load;
  load.ranks = recording.size();
  load.images = kSamplesPerRank;
  load.texts.texts =
      static_cast<double>(*std::max_element(own.sizes.texts.begin(), own.sizes.texts.end()));
  std::map<std::string, double> gathered;
  double reduced = 0;
  size_t num_reduced = 0;
  for (const PlannedCollective& planned : step_collectives(tiny_config(), options, load)) {
    if (planned.operation == "all-gather") {
      gathered[planned.what] = planned.bytes;
    } else {
      reduced += planned.bytes;
      num_reduced += static_cast<size_t>(planned.count);
    }
  }
  if (recording.size() == 1) {
    EXPECT_TRUE(gathered.empty());
    return;
  }
  for (const auto& [what, bytes] : recording.gathered) {
    EXPECT_EQ(gathered[what], static_cast<double>(bytes)) << what;
  }
  EXPECT_EQ(gathered.size(), recording.gathered.size());
  EXPECT_EQ(num_reduced, recording.num_reduced);
  EXPECT_EQ(reduced, static_cast<double>(recording.reduced_bytes));
}

// Two gathers of embeddings (texts early, images later), one of scalars a row, and one reduction of
// every gradient, however many micro-batches there are.
TEST(DistributedStep, ExchangesEmbeddingsScalarsAndGradientsOnce) {
  const GlobalBatch global = make_global_batch(test_world().size, /*last_without_text=*/false);
  const auto group = make_test_group();
  const Share own = own_share(global);
  const auto images = static_cast<size_t>(kSamplesPerRank);
  const auto texts =
      static_cast<size_t>(*std::max_element(own.sizes.texts.begin(), own.sizes.texts.end()));
  constexpr size_t kWidth = 16;
  for (const int64_t accum : {1, 3}) {
    RecordingCollectives recording(*group);
    TrainOptions options;
    options.accum = accum;
    Clip model = make_model();
    TrainStep step(model, recording, options);
    std::optional<size_t> gathers_before_images;
    watch_operators([&] { step.compute_gradients(own.batch, own.sizes); },
                    [&](const at::RecordFunction& function, bool /*in_kernel*/) {
                      const bool of_images = std::string_view(function.name()) == "aten::conv2d";
                      if (of_images && !gathers_before_images) {
                        gathers_before_images = recording.gathered.size();
                      }
                    });

    ASSERT_EQ(recording.gathered.size(), 3);
    EXPECT_EQ(gathers_before_images, 1);
    EXPECT_EQ(recording.gathered[0].first, "text embeddings");
    EXPECT_EQ(recording.gathered[0].second, texts * kWidth * sizeof(float));
    // With an image's and its local vector: what the row weighs in two softmaxes; three counts a
    // text. Ranks are packed, then padded to the largest.
    EXPECT_EQ(recording.gathered[1].first, "image embeddings");
    EXPECT_EQ(recording.gathered[1].second,
              (images * (2 * kWidth + 2) + texts * 3) * sizeof(float));
    EXPECT_EQ(recording.gathered[2].second, (images * 2 + texts + 3) * sizeof(float));
    expect_planned(recording, options, own);
    size_t num_parameters = 0;
    for (const auto& parameter : model.parameters()) {
      num_parameters += static_cast<size_t>(parameter.value.numel());
    }
    // A bucket a tower at this size, and the logit scale; buckets align their gradients.
    EXPECT_EQ(recording.num_reduced, test_world().size == 1 ? 1 : 3);
    if (test_world().size > 1) {
      EXPECT_GE(recording.reduced_bytes, num_parameters * sizeof(float));
      EXPECT_LE(recording.reduced_bytes,
                num_parameters * sizeof(float) + 64 * model.parameters().size());
    }
  }
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
  const Share good = own_share(make_global_batch(group->size(), /*last_without_text=*/false));

  Share picture = good;
  picture.batch.images = good.batch.images.clone();
  if (last_rank) picture.batch.images[3].fill_(NAN);
  expect_not_finite(picture, {3});

  Share text = good;
  for (at::Tensor* tensor : {&text.batch.tokens, &text.batch.caption, &text.batch.mask}) {
    *tensor = tensor->clone();
  }
  if (last_rank) {
    text.batch.tokens[0][1] = kUnusedToken;  // of sample 0
    for (const auto& [sample, caption] : {std::pair(2, kRawCaption), {6, kFirstSubcaption}}) {
      text.batch.caption[sample][caption] = 0;
      text.batch.mask[sample][caption] = true;
    }
  }
  expect_not_finite(text, {0, 2, 6});
}

// A copy to a device, or from one, whose end the caller waits for. Seen on the CPU as well, where
// nothing is copied.
bool waits_for_copy(const at::RecordFunction& function) {
  if (std::string_view(function.name()) != "aten::to") return false;
  // The backward pass of a cast names the device on which its tensor is anyway.
  const auto node = torch::autograd::get_current_node();
  if (node && node->name() == "ToCopyBackward0") return false;
  const auto schema = function.operator_schema();
  const auto device = schema->argumentIndexWithName("device");
  const auto non_blocking = schema->argumentIndexWithName("non_blocking");
  const auto inputs = function.inputs();
  return device && !inputs[*device].isNone() && !inputs[*non_blocking].toBool();
}

// Asks how many numbers there are.
bool waits_for_mask(const at::RecordFunction& function) {
  const std::string_view name = function.name();
  if (name != "aten::index" && name != "aten::index_put_") return false;
  const auto indices = function.inputs()[1].toOptionalTensorVector();
  return std::ranges::any_of(indices, [](const std::optional<at::Tensor>& index) {
    return index && index->defined() && index->scalar_type() == at::kBool;
  });
}

// Asks for the sum of the repeats.
bool waits_for_repeats(const at::RecordFunction& function) {
  if (std::string_view(function.name()) != "aten::repeat_interleave") return false;
  const auto size = function.operator_schema()->argumentIndexWithName("output_size");
  return function.inputs()[*size].isNone();
}

// The operators that `work` calls and that make the host wait for a device, were the tensors on
// one. (Whether a copy's memory is pinned is not seen.)
std::vector<std::string> waits_of(const std::function<void()>& work) {
  static const std::set<std::string> kWaiting = {"aten::_local_scalar_dense",
                                                 "aten::nonzero",
                                                 "aten::equal",
                                                 "aten::masked_select",
                                                 "aten::_unique",
                                                 "aten::_unique2",
                                                 "aten::unique_dim",
                                                 "aten::unique_consecutive",
                                                 "aten::unique_dim_consecutive"};
  std::vector<std::string> seen;
  watch_operators(work, [&](const at::RecordFunction& function, bool in_kernel) {
    if (!in_kernel && (kWaiting.contains(function.name()) || waits_for_copy(function) ||
                       waits_for_mask(function) || waits_for_repeats(function))) {
      seen.emplace_back(function.name());
    }
  });
  return seen;
}

TEST(WaitingOperators, AreSeen) {
  const at::Tensor mask = at::ones({3}, at::kBool), numbers = at::ones({3}, at::kLong);
  at::Tensor target = numbers.clone();
  const std::map<std::string, std::function<void()>> calls = {
      {"item", [&] { mask.any().item<bool>(); }},
      {"is_nonzero", [&] { mask.any().is_nonzero(); }},
      {"equal", [&] { mask.equal(mask); }},
      {"to", [&] { mask.to(at::Device(at::kCPU)); }},
      {"nonzero", [&] { mask.nonzero(); }},
      {"where", [&] { at::where(mask); }},
      {"argwhere", [&] { mask.argwhere(); }},
      {"index", [&] { numbers.index({mask}); }},
      {"index_put_", [&] { target.index_put_({mask}, numbers); }},
      {"masked_select", [&] { numbers.masked_select(mask); }},
      {"_unique", [&] { at::_unique(numbers); }},
      {"_unique2", [&] { at::_unique2(numbers); }},
      {"unique_dim", [&] { at::unique_dim(numbers, 0); }},
      {"unique_consecutive", [&] { at::unique_consecutive(numbers); }},
      {"unique_dim_consecutive", [&] { at::unique_dim_consecutive(numbers, 0); }},
      {"repeat_interleave", [&] { numbers.repeat_interleave(numbers); }}};
  for (const auto& [name, call] : calls) {
    EXPECT_THAT(waits_of(call), testing::Not(testing::IsEmpty())) << name;
  }
}

// A rank's pictures for the device to resize and to change in every way.
CropBatch crops_of_size(int64_t size) {
  const Crop crop{black_image(40, 30),
                  {.crop = {},
                   .colors = {{ColorOperation::kHue, 0.1}, {ColorOperation::kContrast, 0.7}},
                   .gray = true}};
  return pack(std::vector<Crop>(kSamplesPerRank, crop), static_cast<int>(size));
}

TEST(DistributedStep, NeverWaitsForTheDevice) {
  const GlobalBatch global = make_global_batch(test_world().size, /*last_without_text=*/false);
  const auto group = make_test_group();
  Share own = own_share(global);
  // As the loader gives them, with patch dropout.
  own.batch.images = (own.batch.images * 60).abs().to(at::kByte);
  own.batch.kept_patches = at::tensor({0, 3}, at::kLong).repeat({kSamplesPerRank, 1});
  Share augmenting = own;
  augmenting.batch.crops = crops_of_size(own.batch.images.size(3));
  for (const auto& [accum, checkpointed, precision] :
       {std::tuple(1, CheckpointedBlocks{}, Precision::kFp32),
        {3, CheckpointedBlocks{}, Precision::kFp32},
        {1, kEverything, Precision::kAmpBf16}}) {
    TrainOptions options;
    options.accum = accum;
    options.model.precision = precision;
    options.optimizer.clip_norm = 1;
    Clip model = make_model(checkpointed);
    TrainStep step(model, *group, options);
    AdamW optimizer(model.parameters(), options.optimizer);
    FiniteWatch watch(NonFinite::kFail, *group);
    for (const Share* share : {&own, &augmenting}) {
      const auto whole_step = [&] {
        const StepResult result = step.compute_gradients(share->batch, share->sizes);
        const at::Tensor norm = clip_gradient_norm(model.parameters(), options.optimizer.clip_norm);
        optimizer.step(1e-3, watch.check(1, result, norm, share->batch));
      };
      EXPECT_THAT(waits_of(whole_step), testing::IsEmpty()) << "accum " << options.accum;
    }
  }
}

// As in the last batch of a validation set: some ranks have fewer samples, or none.
TEST(DistributedStep, EvaluatesUnevenSharesAsOneRankTheWhole) {
  const GlobalBatch global = make_global_batch(test_world().size, /*last_without_text=*/false);
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
  const ObjectiveResult result = step.evaluate(own.batch, own.sizes).objective;
  EXPECT_NEAR(result.total.item<double>(), expected.total.item<double>(), 1e-5);
  EXPECT_NEAR(result.mkcl.item<double>(), expected.mkcl.item<double>(), 1e-5);
  EXPECT_NEAR(result.slra.item<double>(), expected.slra.item<double>(), 1e-5);
}

}  // namespace
}  // namespace dermatome
