#include "src/model/initialization.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>

#include <cmath>

#include "src/model/clip.h"
#include "tests/model/tiny_bert.h"

namespace dermatome {
namespace {

// Large enough to estimate moments, small enough for a test.
ClipConfig config() {
  ClipConfig config;
  config.embed_dim = 96;
  config.vision = {.image_size = 32, .patch_size = 8, .width = 128, .layers = 2, .head_width = 32};
  config.text = {.context_length = 77,
                 .vocab_size = 2000,
                 .width = 160,
                 .heads = 4,
                 .layers = 3,
                 .mlp_ratio = 3};
  return config;
}

Clip initialized(uint64_t seed) {
  Clip clip(config(), at::kCPU);
  clip.initialize(seed);
  return clip;
}

at::Tensor parameter(const Clip& clip, const std::string& name) {
  for (const NamedParameter& candidate : clip.parameters()) {
    if (candidate.name == name) return candidate.value.detach();
  }
  throw std::out_of_range(name);
}

constexpr double kVisionWidth = 128, kTextWidth = 160, kTextLayers = 3;

struct Moments {
  std::string name;
  double deviation;  // standard deviation, mean 0
  bool uniform;      // on +- sqrt(3) deviation; false: normal
};

std::ostream& operator<<(std::ostream& out, const Moments& moments) { return out << moments.name; }

class Initialization : public ::testing::TestWithParam<Moments> {};

double uniform_deviation(double bound) { return bound / std::sqrt(3.0); }
double default_deviation(double fan_in) { return uniform_deviation(1 / std::sqrt(fan_in)); }

// The distributions that open_clip 3.3's constructors draw from, parameter by parameter.
INSTANTIATE_TEST_SUITE_P(
    OfOpenClip, Initialization,
    ::testing::Values(
        Moments{"visual.conv1.weight", default_deviation(3 * 8 * 8), true},
        Moments{"visual.class_embedding", 1 / std::sqrt(kVisionWidth), false},
        Moments{"visual.positional_embedding", 1 / std::sqrt(kVisionWidth), false},
        Moments{"visual.proj", 1 / std::sqrt(kVisionWidth), false},
        Moments{"visual.transformer.resblocks.1.attn.in_proj_weight",
                uniform_deviation(std::sqrt(6 / (4 * kVisionWidth))), true},
        Moments{"visual.transformer.resblocks.1.attn.out_proj.weight",
                default_deviation(kVisionWidth), true},
        Moments{"visual.transformer.resblocks.1.mlp.c_fc.weight", default_deviation(kVisionWidth),
                true},
        Moments{"visual.transformer.resblocks.1.mlp.c_fc.bias", default_deviation(kVisionWidth),
                true},
        Moments{"visual.transformer.resblocks.1.mlp.c_proj.weight",
                default_deviation(4 * kVisionWidth), true},
        Moments{"visual.transformer.resblocks.1.mlp.c_proj.bias",
                default_deviation(4 * kVisionWidth), true},
        Moments{"token_embedding.weight", 0.02, false},
        Moments{"positional_embedding", 0.01, false},
        Moments{"text_projection", 1 / std::sqrt(kTextWidth), false},
        Moments{"transformer.resblocks.2.attn.in_proj_weight", 1 / std::sqrt(kTextWidth), false},
        Moments{"transformer.resblocks.2.attn.out_proj.weight",
                1 / std::sqrt(kTextWidth * 2 * kTextLayers), false},
        Moments{"transformer.resblocks.2.mlp.c_fc.weight", 1 / std::sqrt(2 * kTextWidth), false},
        Moments{"transformer.resblocks.2.mlp.c_fc.bias", default_deviation(kTextWidth), true},
        Moments{"transformer.resblocks.2.mlp.c_proj.weight",
                1 / std::sqrt(kTextWidth * 2 * kTextLayers), false},
        Moments{"transformer.resblocks.2.mlp.c_proj.bias", default_deviation(3 * kTextWidth),
                true}));

TEST_P(Initialization, HasTheMomentsOfItsDistribution) {
  static const Clip clip = initialized(5);
  const at::Tensor values = parameter(clip, GetParam().name).to(at::kDouble);
  const double n = static_cast<double>(values.numel());
  const double deviation = GetParam().deviation;
  // Bounds are five standard errors. For second and fourth moments they are the normal
  // distribution's, which are the larger ones.
  EXPECT_NEAR(values.mean().item<double>(), 0, 5 * deviation / std::sqrt(n));
  const double second = values.square().mean().item<double>() / (deviation * deviation);
  EXPECT_NEAR(second, 1, 5 * std::sqrt(2 / n));
  const double fourth = values.pow(4).mean().item<double>() / std::pow(deviation, 4);
  EXPECT_NEAR(fourth, GetParam().uniform ? 1.8 : 3.0, 5 * std::sqrt(96 / n));
  if (GetParam().uniform) {
    EXPECT_LE(values.abs().max().item<double>(), std::sqrt(3.0) * deviation * (1 + 1e-6));
  }
}

TEST(Initialization, SetsGainsToOneAndTheOtherBiasesToZero) {
  const Clip clip = initialized(5);
  int64_t gains = 0, zeros = 0;
  for (const NamedParameter& candidate : clip.parameters()) {
    const std::string& name = candidate.name;
    const bool is_norm = name.find("ln_") != std::string::npos;
    if (is_norm && name.ends_with("weight")) {
      EXPECT_TRUE(candidate.value.eq(1).all().item<bool>()) << name;
      ++gains;
    } else if (is_norm || name.ends_with("in_proj_bias") || name.ends_with("out_proj.bias")) {
      EXPECT_TRUE(candidate.value.eq(0).all().item<bool>()) << name;
      ++zeros;
    }
  }
  EXPECT_EQ(gains, 2 * 5 + 3);
  EXPECT_EQ(zeros, 4 * 5 + 3);
  EXPECT_FLOAT_EQ(clip.logit_scale().item<float>(), 2.6592600F);
}

TEST(Initialization, IsThatOfTransformersForBert) {
  ClipConfig bert = tiny_bert_config("cls_linear");
  bert.text.vocab_size = 2000;
  Clip clip(bert, at::kCPU);
  clip.initialize(5);
  const auto deviation = [&](const std::string& name) {
    return parameter(clip, name).std().item<double>();
  };
  const std::string embeddings = "text.transformer.embeddings.";
  const at::Tensor words = parameter(clip, embeddings + "word_embeddings.weight");
  EXPECT_NEAR(deviation(embeddings + "word_embeddings.weight"), 0.02, 0.001);
  EXPECT_TRUE(words[5].eq(0).all().item<bool>()) << "padding has no embedding";
  EXPECT_FALSE(words[6].eq(0).any().item<bool>());
  const std::string layer = "text.transformer.encoder.layer.1.";
  EXPECT_NEAR(deviation(layer + "attention.self.key.weight"), 0.02, 0.003);
  EXPECT_NEAR(deviation("text.transformer.pooler.dense.weight"), 0.02, 0.003);
  EXPECT_NEAR(deviation("text.proj.weight"), default_deviation(24), 0.02);
  EXPECT_TRUE(parameter(clip, layer + "output.LayerNorm.weight").eq(1).all().item<bool>());
  for (const char* name : {"output.LayerNorm.bias", "intermediate.dense.bias"}) {
    EXPECT_TRUE(parameter(clip, layer + name).eq(0).all().item<bool>()) << name;
  }
}

TEST(Initialization, DependsOnTheSeedButNotOnThreads) {
  const int threads = at::get_num_threads();
  at::set_num_threads(1);
  const Clip one_thread = initialized(5);
  at::set_num_threads(3);
  const Clip three_threads = initialized(5);
  at::set_num_threads(threads);
  const Clip other_seed = initialized(6);
  for (size_t i = 0; i < one_thread.parameters().size(); ++i) {
    EXPECT_TRUE(at::equal(one_thread.parameters()[i].value, three_threads.parameters()[i].value));
  }
  const std::string name = "token_embedding.weight";
  EXPECT_FALSE(at::equal(parameter(one_thread, name), parameter(other_seed, name)));
}

TEST(Initialization, DrawsEveryParameterFromItsOwnStream) {
  const Clip clip = initialized(5);
  EXPECT_FALSE(at::equal(parameter(clip, "transformer.resblocks.0.attn.out_proj.weight"),
                         parameter(clip, "transformer.resblocks.1.attn.out_proj.weight")));
  // 320,000 elements take more than one piece of a stream.
  const at::Tensor rows = parameter(clip, "token_embedding.weight").flatten();
  EXPECT_FALSE(at::equal(rows.narrow(0, 0, 1000), rows.narrow(0, 1 << 16, 1000)));
}

}  // namespace
}  // namespace dermatome
