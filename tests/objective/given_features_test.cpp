#include "src/objective/given_features.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/error.h"

namespace dermatome {
namespace {

using testing::HasSubstr;
using Tensors = std::map<std::string, at::Tensor>;

// Two samples with four captions and five patches each; embeddings of six numbers.
Tensors example() {
  return {{"img", at::rand({2, 6})},
          {"txt", at::rand({8, 6})},
          {"pat", at::rand({2, 5, 6})},
          {"mask", at::ones({2, 4}, at::kByte)}};
}

std::string refusal(const std::string& name, const at::Tensor& tensor) {
  Tensors tensors = example();
  tensors.erase(name);
  if (tensor.defined()) tensors.emplace(name, tensor);
  try {
    given_features(tensors, "in.safetensors", at::kDouble);
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(GivenFeatures, AreConverted) {
  const GivenFeatures features = given_features(example(), "in.safetensors", at::kDouble);
  EXPECT_EQ(features.image.scalar_type(), at::kDouble);
  EXPECT_EQ(features.patches.scalar_type(), at::kDouble);
  EXPECT_EQ(features.mask.scalar_type(), at::kBool);
}

TEST(GivenFeatures, ThatDoNotFitAreRefusedByName) {
  EXPECT_THAT(refusal("pat", {}), HasSubstr("in.safetensors: has no tensor pat"));
  EXPECT_THAT(
      refusal("txt", at::rand({7, 6})),
      HasSubstr("tensor txt has shape [7, 6], expected [B*N, d] for mask's B = 2, N = 4 and "
                "img's d = 6"));
  EXPECT_THAT(refusal("img", at::rand({3, 6})), HasSubstr("tensor img has shape [3, 6]"));
  EXPECT_THAT(refusal("mask", at::ones({2, 2})), HasSubstr("N = 2"));
  EXPECT_THAT(refusal("mask", at::full({2, 4}, 2)), HasSubstr("other than 0 and 1"));
}

}  // namespace
}  // namespace dermatome
