#include "src/model/hub.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include "src/core/error.h"
#include "src/model/safetensors.h"
#include "tests/model/golden_clip.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using ::testing::HasSubstr;

TEST(Hub, ComesBackAsWritten) {
  const Clip written = golden_clip("quickgelu");
  const auto folder = scratch_folder();
  write_hub(written, folder);

  Clip read(read_hub_config(folder), at::kCPU);
  load_weights(read, folder);

  EXPECT_TRUE(read.config().quick_gelu);
  ASSERT_EQ(read.parameters().size(), written.parameters().size());
  for (size_t i = 0; i < read.parameters().size(); ++i) {
    EXPECT_EQ(read.parameters()[i].name, written.parameters()[i].name);
    EXPECT_TRUE(at::equal(read.parameters()[i].value, written.parameters()[i].value));
    EXPECT_TRUE(read.parameters()[i].value.requires_grad());
  }
}

TEST(Hub, WeightsOfLowerPrecisionAreWidened) {
  const Clip clip = golden_clip("gelu");
  NamedTensors halves;
  for (const NamedParameter& parameter : clip.parameters()) {
    halves.emplace_back(parameter.name, parameter.value.detach().to(at::kHalf));
  }
  const auto path = scratch_folder() / "weights.safetensors";
  write_safetensors(path, halves);

  Clip read(clip.config(), at::kCPU);
  load_weights(read, path);

  EXPECT_EQ(read.parameters()[0].value.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::equal(read.parameters()[0].value, halves[0].second.to(at::kFloat)));
}

class UnfitWeights : public ::testing::Test {
 protected:
  void expect_refused(const std::string& message) {
    const auto path = scratch_folder() / "weights.safetensors";
    write_safetensors(path, {weights_.begin(), weights_.end()});
    Clip clip(golden_config("gelu"), at::kCPU);
    try {
      load_weights(clip, path);
      FAIL() << "loaded weights that do not fit";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }

  std::map<std::string, at::Tensor> weights_ =
      read_safetensors(golden_path("tiny_clip_state.safetensors"));
};

TEST_F(UnfitWeights, MissingTensorIsNamed) {
  weights_.erase("visual.proj");
  expect_refused("misses the tensor visual.proj");
}

TEST_F(UnfitWeights, UnexpectedTensorIsNamed) {
  weights_["logit_bias"] = at::zeros({});
  expect_refused("holds the tensor logit_bias");
}

TEST_F(UnfitWeights, MisshapenTensorIsNamed) {
  weights_["text_projection"] = at::zeros({32, 64});
  expect_refused("text_projection is Float [32, 64], but the model needs floating point [64, 32]");
}

TEST_F(UnfitWeights, IntegersAreRefused) {
  weights_["logit_scale"] = at::zeros({}, at::kLong);
  expect_refused("logit_scale is Long");
}

TEST(Hub, FolderWithoutFilesIsRefused) {
  const auto folder = scratch_folder();
  Clip clip(golden_config("gelu"), at::kCPU);
  EXPECT_THROW(read_hub_config(folder), DataError);
  EXPECT_THROW(load_weights(clip, folder), DataError);
}

}  // namespace
}  // namespace dermatome
