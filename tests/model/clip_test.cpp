#include "src/model/clip.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <tuple>

#include "src/core/error.h"
#include "src/model/autocast.h"
#include "tests/model/golden_clip.h"

namespace dermatome {
namespace {

double max_difference(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

class GoldenClip : public ::testing::TestWithParam<std::string> {};

INSTANTIATE_TEST_SUITE_P(Activations, GoldenClip, ::testing::Values("gelu", "quickgelu"));

TEST_P(GoldenClip, GivesTheRecordedImageAndPatchFeatures) {
  const Clip clip = golden_clip(GetParam());
  const ImageFeatures features = clip.encode_image(golden_io().at("image"), /*with_patches=*/true);

  EXPECT_LE(max_difference(features.image, golden_io().at(GetParam() + ".image_features")), 2e-6);
  EXPECT_LE(max_difference(features.patches, golden_io().at(GetParam() + ".patch_features")), 2e-6);
}

TEST_P(GoldenClip, GivesTheRecordedTextFeatures) {
  const Clip clip = golden_clip(GetParam());
  const GoldenTexts texts = golden_texts();

  const at::Tensor features = clip.encode_text(texts.tokens, texts.lengths);

  EXPECT_LE(max_difference(features, golden_io().at(GetParam() + ".text_features")), 2e-6);
}

TEST(Clip, GivesTheSameImageFeaturesWithoutPatches) {
  const Clip clip = golden_clip("gelu");
  const ImageFeatures with = clip.encode_image(golden_io().at("image"), /*with_patches=*/true);
  const ImageFeatures without = clip.encode_image(golden_io().at("image"), /*with_patches=*/false);

  EXPECT_LE(max_difference(with.image, without.image), 1e-6);
  EXPECT_FALSE(without.patches.defined());
}

TEST(Clip, KeepingAllPatchesChangesNothing) {
  const Clip clip = golden_clip("gelu");
  const at::Tensor pixels = golden_io().at("image");
  const at::Tensor all =
      at::arange(clip.config().vision.num_patches()).expand({pixels.size(0), -1}).contiguous();
  const ImageFeatures expected = clip.encode_image(pixels, /*with_patches=*/true);
  const ImageFeatures found = clip.encode_image(pixels, /*with_patches=*/true, all);

  EXPECT_TRUE(at::equal(found.image, expected.image));
  EXPECT_TRUE(at::equal(found.patches, expected.patches));
}

// Only kept patches have influence, each at its place in the image.
TEST(Clip, DroppedPatchesAreNotSeen) {
  const Clip clip = golden_clip("gelu");
  const at::Tensor pixels = golden_io().at("image");
  const int64_t batch = pixels.size(0), patch = clip.config().vision.patch_size;
  const int64_t columns = clip.config().vision.image_size / patch;
  ASSERT_GE(columns, 2);
  // Every image keeps two patches; which two depends on the image.
  std::vector<int64_t> chosen;
  at::Tensor seen = at::zeros_like(pixels);
  for (int64_t i = 0; i < batch; ++i) {
    for (const int64_t kept : {i % columns, columns + (i + 1) % columns}) {
      chosen.push_back(kept);
      seen[i]
          .slice(1, kept / columns * patch, (kept / columns + 1) * patch)
          .slice(2, kept % columns * patch, (kept % columns + 1) * patch)
          .fill_(1);
    }
  }
  const at::Tensor kept_patches = at::tensor(chosen).view({batch, 2});
  const ImageFeatures features = clip.encode_image(pixels, /*with_patches=*/true, kept_patches);
  ASSERT_EQ(features.patches.size(1), 2);

  const at::Tensor others_changed = at::where(seen == 1, pixels, pixels + 1);
  const ImageFeatures same = clip.encode_image(others_changed, true, kept_patches);
  EXPECT_TRUE(at::equal(same.image, features.image));
  EXPECT_TRUE(at::equal(same.patches, features.patches));
  const at::Tensor kept_changed = at::where(seen == 1, pixels + 1, pixels);
  EXPECT_GT(
      max_difference(clip.encode_image(kept_changed, true, kept_patches).image, features.image),
      1e-3);
  // The class token is the same for one image alone, and if no patches are asked for.
  const ImageFeatures alone = clip.encode_image(pixels.narrow(0, 1, 1), /*with_patches=*/false,
                                                kept_patches.narrow(0, 1, 1));
  EXPECT_LE(max_difference(alone.image, features.image.narrow(0, 1, 1)), 1e-6);
}

TEST(Clip, ListsParametersInStateDictOrder) {
  const Clip clip = golden_clip("gelu");
  std::vector<std::pair<std::string, std::vector<int64_t>>> listed, expected;
  for (const NamedParameter& parameter : clip.parameters()) {
    listed.emplace_back(parameter.name, parameter.value.sizes().vec());
    EXPECT_TRUE(parameter.value.is_leaf() && parameter.value.requires_grad()) << parameter.name;
  }
  for (const auto& [name, shape] : golden_json().at("parameters").items()) {
    expected.emplace_back(name, shape.get<std::vector<int64_t>>());
  }
  EXPECT_EQ(listed, expected);
}

TEST(Clip, TowersTogetherHoldAllParametersExceptTheLogitScale) {
  const Clip clip = golden_clip("gelu");
  std::vector<at::TensorImpl*> all, of_towers = {clip.logit_scale().unsafeGetTensorImpl()};
  for (const NamedParameter& parameter : clip.parameters()) {
    all.push_back(parameter.value.unsafeGetTensorImpl());
  }
  for (const auto& tower : {clip.image_parameters(), clip.text_parameters()}) {
    for (const at::Tensor& parameter : tower) of_towers.push_back(parameter.unsafeGetTensorImpl());
  }
  EXPECT_THAT(of_towers, ::testing::UnorderedElementsAreArray(all));
}

TEST(Clip, ALockLeavesTheFirstLayersOfATowerWithoutGradients) {
  Clip clip = golden_clip("gelu");
  const GoldenTexts texts = golden_texts();
  ASSERT_EQ(clip.image_layers().size(), 4u);  // embeddings, two blocks, final norm and projection
  ASSERT_EQ(clip.text_layers().size(), 4u);
  clip.lock({.image = 2, .text = 3});
  at::sum(clip.encode_image(golden_io().at("image"), false).image).backward();
  at::sum(clip.encode_text(texts.tokens, texts.lengths)).backward();
  std::vector<std::string> expected, trained;
  int64_t numbers = 0;
  for (const NamedParameter& parameter : clip.parameters()) {
    const std::string& name = parameter.name;
    const bool is_last = name == "visual.proj" || name.starts_with("visual.ln_post.") ||
                         name == "text_projection" || name.starts_with("ln_final.");
    const bool is_trained =
        is_last || name == "logit_scale" || name.starts_with("visual.transformer.resblocks.1.");
    EXPECT_EQ(parameter.value.requires_grad(), is_trained) << name;
    EXPECT_EQ(parameter.value.grad().defined(), is_trained && name != "logit_scale") << name;
    if (!is_trained) continue;
    expected.push_back(name);
    numbers += parameter.value.numel();
  }
  for (const NamedParameter& parameter : clip.trained_parameters()) {
    trained.push_back(parameter.name);
  }
  EXPECT_EQ(trained, expected);
  EXPECT_EQ(clip.num_trained_parameters(), numbers);
  EXPECT_EQ(clip.image_parameters().size() + clip.text_parameters().size() + 1, expected.size());
  clip.lock({.image = 4});
  EXPECT_TRUE(clip.image_parameters().empty());
  EXPECT_FALSE(clip.encode_image(golden_io().at("image"), true).patches.requires_grad());
  clip.lock({});
  EXPECT_EQ(clip.num_trained_parameters(), clip.num_parameters());
}

// A reducer waits for a tower's gradients in the order listed, so a wrong order costs overlap.
TEST(Clip, ListsTowerParametersInTheOrderTheirGradientsComplete) {
  const Clip clip = golden_clip("gelu");
  const GoldenTexts texts = golden_texts();
  const at::Tensor image_features = clip.encode_image(golden_io().at("image"), false).image;
  const at::Tensor text_features = clip.encode_text(texts.tokens, texts.lengths);
  const std::vector<std::tuple<std::vector<at::Tensor>, at::Tensor>> towers = {
      {clip.image_parameters(), image_features}, {clip.text_parameters(), text_features}};
  for (const auto& [parameters, features] : towers) {
    std::vector<size_t> completed;
    for (size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].register_hook([&completed, i](const at::Tensor&) { completed.push_back(i); });
    }
    features.sum().backward();

    ASSERT_EQ(completed.size(), parameters.size());
    // The parameters of one layer complete together, in any order, so places may differ a little.
    // No block (12 parameters) may complete before the one ahead of it.
    for (size_t place = 0; place < completed.size(); ++place) {
      EXPECT_NEAR(static_cast<double>(completed[place]), static_cast<double>(place), 4);
    }
  }
}

// Texts of all lengths from 2 to 77 in mixed order, so that they fill several buckets.
GoldenTexts mixed_texts(int64_t count) {
  const at::Tensor lengths = (at::arange(count) * 37) % 76 + 2;
  const at::Tensor columns = at::arange(77).unsqueeze(0);
  const at::Tensor last = (lengths - 1).unsqueeze(1);
  const at::Tensor filler = (at::arange(count * 77).view({count, 77}) * 7919) % 997 + 1;
  at::Tensor tokens = at::where(columns < last, filler, at::zeros({1}, at::kLong));
  tokens = at::where(columns == last, at::full({1}, 999, at::kLong), tokens);
  return {.tokens = tokens, .lengths = lengths};
}

// Batches of 16 texts, one of them with 77 tokens, make one bucket each, padded to 77 columns.
at::Tensor encode_in_padded_batches(const Clip& clip, const GoldenTexts& texts) {
  std::vector<at::Tensor> features;
  for (int64_t begin = 0; begin < texts.tokens.size(0); begin += 15) {
    const int64_t rows = std::min<int64_t>(15, texts.tokens.size(0) - begin);
    at::Tensor full = at::ones({1, 77}, at::kLong);
    full.select(1, 76).fill_(999);
    const at::Tensor tokens = at::cat({texts.tokens.narrow(0, begin, rows), full});
    const at::Tensor lengths =
        at::cat({texts.lengths.narrow(0, begin, rows), at::full({1}, 77, at::kLong)});
    features.push_back(clip.encode_text(tokens, lengths).narrow(0, 0, rows));
  }
  return at::cat(features);
}

TEST(Clip, PaddingInfluencesNeitherTextFeaturesNorGradients) {
  const Clip clip = golden_clip("gelu");
  const GoldenTexts texts = mixed_texts(150);
  const at::Tensor weights = at::sin(at::arange(150 * 32)).view({150, 32});
  const at::Tensor bucketed = clip.encode_text(texts.tokens, texts.lengths);
  (bucketed * weights).sum().backward();
  std::vector<at::Tensor> gradients;
  for (const at::Tensor& parameter : clip.text_parameters()) {
    gradients.push_back(parameter.grad().to_dense().clone());
    parameter.mutable_grad().zero_();
  }

  const at::Tensor padded = encode_in_padded_batches(clip, texts);
  (padded * weights).sum().backward();

  EXPECT_LE(max_difference(bucketed, padded), 2e-6);
  const std::vector<at::Tensor> parameters = clip.text_parameters();
  for (size_t i = 0; i < parameters.size(); ++i) {
    EXPECT_LE(relative_difference(gradients[i], parameters[i].grad().to_dense()), 1e-5) << i;
  }
}

// A beginning that texts share is encoded once, with the result of encoding each text alone.
TEST(Clip, CommonBeginningsInfluenceNeitherTextFeaturesNorGradients) {
  const Clip clip = golden_clip("quickgelu");
  GoldenTexts texts = mixed_texts(40);
  for (int64_t i = 1; i < 40; ++i) {
    const int64_t shared = std::min(i % 13, texts.lengths[i].item<int64_t>() - 1);
    texts.tokens[i].narrow(0, 0, shared).copy_(texts.tokens[i - 1].narrow(0, 0, shared));
  }
  const at::Tensor weights = at::sin(at::arange(40 * 32)).view({40, 32});
  const auto gradients_of = [&](const at::Tensor& features) {
    (features * weights).sum().backward();
    std::vector<at::Tensor> gradients;
    for (const at::Tensor& parameter : clip.text_parameters()) {
      gradients.push_back(parameter.grad().to_dense().clone());
      parameter.mutable_grad().zero_();
    }
    return gradients;
  };
  const at::Tensor together = clip.encode_text(texts.tokens, texts.lengths);
  std::vector<at::Tensor> one_by_one;
  for (int64_t i = 0; i < 40; ++i) {
    one_by_one.push_back(
        clip.encode_text(texts.tokens.narrow(0, i, 1), texts.lengths.narrow(0, i, 1)));
  }
  const at::Tensor alone = at::cat(one_by_one);

  EXPECT_LE(max_difference(together, alone), 2e-6);
  const std::vector<at::Tensor> found = gradients_of(together), expected = gradients_of(alone);
  for (size_t i = 0; i < found.size(); ++i) {
    EXPECT_LE(relative_difference(found[i], expected[i]), 1e-5) << i;
  }
}

// The gradient of a common beginning is a sum over all texts, which bf16 must not cut short.
TEST(Clip, ManyTextsWithOneBeginningKeepTheirGradientsInBf16) {
  constexpr int64_t kTexts = 1000;
  const Clip clip = golden_clip("quickgelu");
  GoldenTexts texts = mixed_texts(40);
  texts.tokens = texts.tokens.repeat({kTexts / 40, 1});
  texts.lengths = texts.lengths.repeat({kTexts / 40});
  texts.tokens.select(1, 0).fill_(texts.tokens[0][0]);
  const at::Tensor weights = at::sin(at::arange(kTexts * 32)).view({kTexts, 32}) + 0.3;
  const auto gradients = [&](bool bf16) {
    const AutocastScope autocast(c10::kCPU, bf16);
    (clip.encode_text(texts.tokens, texts.lengths) * weights).sum().backward();
    std::vector<at::Tensor> found;
    for (const at::Tensor& parameter : clip.text_parameters()) {
      found.push_back(parameter.grad().to_dense().clone());
      parameter.mutable_grad().zero_();
    }
    return found;
  };
  const auto exact = gradients(false), rounded = gradients(true);
  for (size_t i = 0; i < exact.size(); ++i) {
    // The gradient of the keys' biases is only rounding noise; 1e-2 allows for it.
    const double size = exact[i].norm().item<double>();
    EXPECT_LE((rounded[i] - exact[i]).norm().item<double>(), 0.02 * size + 1e-2) << i;
  }
}

TEST(Clip, TakesBfloat16PixelsUnderAutocastOnly) {
  const Clip clip = golden_clip("quickgelu");
  const int64_t side = clip.config().vision.image_size;
  const at::Tensor pixels = at::sin(at::arange(2 * 3 * side * side)).view({2, 3, side, side});
  {
    const AutocastScope autocast(c10::kCPU, /*enabled=*/true);
    const ImageFeatures expected = clip.encode_image(pixels, /*with_patches=*/true);
    const ImageFeatures found = clip.encode_image(pixels.to(at::kBFloat16), /*with_patches=*/true);
    EXPECT_TRUE(at::equal(found.image, expected.image));
    EXPECT_TRUE(at::equal(found.patches, expected.patches));
  }
  EXPECT_THROW(clip.encode_image(pixels.to(at::kBFloat16), false), InternalError);
}

TEST(Clip, TokensAfterTheEndOfTextHaveNoInfluence) {
  const Clip clip = golden_clip("gelu");
  const GoldenTexts texts = mixed_texts(40);
  const at::Tensor behind = at::arange(77).unsqueeze(0) >= texts.lengths.unsqueeze(1);

  const at::Tensor features = clip.encode_text(texts.tokens, texts.lengths);
  const at::Tensor with_junk =
      clip.encode_text(texts.tokens.masked_fill(behind, 123), texts.lengths);

  EXPECT_TRUE(at::equal(features, with_junk));
}

TEST(Clip, GivesNoFeaturesForNoTexts) {
  const Clip clip = golden_clip("gelu");
  const at::Tensor features =
      clip.encode_text(at::empty({0, 77}, at::kLong), at::empty({0}, at::kLong));
  EXPECT_EQ(features.sizes(), (std::vector<int64_t>{0, 32}));
  EXPECT_FALSE(features.requires_grad());
}

TEST(Clip, RefusesTokensOutsideItsVocabulary) {
  const Clip clip = golden_clip("gelu");
  const at::Tensor lengths = at::full({1}, 2, at::kLong);
  EXPECT_THAT(
      [&] {
        clip.encode_text(at::tensor({998L, 1000L}).view({1, 2}), lengths);
      },
      ::testing::ThrowsMessage<ConfigError>(::testing::HasSubstr("token id 1000")));
  EXPECT_THAT(
      [&] {
        clip.encode_text(at::tensor({-1L, 999L}).view({1, 2}), lengths);
      },
      ::testing::ThrowsMessage<InternalError>(::testing::HasSubstr("token id -1")));
}

}  // namespace
}  // namespace dermatome
