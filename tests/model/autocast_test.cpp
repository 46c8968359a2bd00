#include "src/model/autocast.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "tests/model/golden_clip.h"

namespace dermatome {
namespace {

TEST(AutocastScope, EndsWithItsBlock) {
  const at::Tensor x = at::ones({2, 2});
  {
    const AutocastScope outer(at::kCPU, true);
    EXPECT_EQ(at::matmul(x, x).scalar_type(), at::kBFloat16);
    {
      const AutocastScope inner(at::kCPU, false);
      EXPECT_EQ(at::matmul(x, x).scalar_type(), at::kFloat);
    }
    EXPECT_EQ(at::matmul(x, x).scalar_type(), at::kBFloat16);
  }
  EXPECT_EQ(at::matmul(x, x).scalar_type(), at::kFloat);
}

TEST(AutocastScope, MayMixUsesWithAndWithoutGraph) {
  at::Tensor weight = at::ones({2, 2});
  weight.set_requires_grad(true);
  const AutocastScope scope(at::kCPU, true);
  {
    const at::NoGradGuard no_grad;
    at::matmul(at::ones({2, 2}), weight);
  }
  EXPECT_TRUE(at::matmul(at::ones({2, 2}), weight).requires_grad());
}

TEST(AutocastScope, SumsTheGradientsOfSeveralUsesInFp32) {
  at::Tensor weight = at::ones({1, 1});
  weight.set_requires_grad(true);
  {
    const AutocastScope scope(at::kCPU, true);
    const at::Tensor large = at::matmul(at::full({1, 1}, 1024.0), weight);
    const at::Tensor small = at::matmul(at::ones({1, 1}), weight);
    (large + small).sum().backward();
  }
  EXPECT_EQ(weight.grad().item<float>(), 1025);  // a sum in bf16 would be 1024
}

TEST(AutocastScope, ClipStaysCloseAndReturnsFp32) {
  const Clip clip = golden_clip("gelu");
  const GoldenTexts texts = golden_texts();
  const AutocastScope scope(at::kCPU, true);
  const ImageFeatures features = clip.encode_image(golden_io().at("image"), /*with_patches=*/true);
  const at::Tensor text = clip.encode_text(texts.tokens, texts.lengths);

  for (const auto& [name, found] : std::map<std::string, at::Tensor>{
           {"image", features.image}, {"patch", features.patches}, {"text", text}}) {
    const at::Tensor exact = golden_io().at("gelu." + name + "_features");
    EXPECT_EQ(found.scalar_type(), at::kFloat);
    // bf16 has 8 bits. Features equal to fp32's would mean that autocast did nothing.
    EXPECT_GT(relative_difference(found, exact), 1e-4) << name;
    EXPECT_LT(relative_difference(found, exact), 3e-2) << name;
    EXPECT_NEAR(found.norm(2, -1).max().item<double>(), 1, 1e-5) << name;
  }
}

}  // namespace
}  // namespace dermatome
