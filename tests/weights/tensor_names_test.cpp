#include "src/weights/tensor_names.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <string>

#include "src/core/file.h"
#include "src/core/log.h"
#include "src/weights/weight_files.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using TensorMap = std::map<std::string, at::Tensor>;

TensorMap named(const std::vector<std::string>& names) {
  TensorMap tensors;
  for (const std::string& name : names) tensors[name] = at::zeros({1});
  return tensors;
}

struct Tidied {
  std::vector<std::string> names;
  std::string said;
};

Tidied without_prefixes(const std::vector<std::string>& names) {
  TensorMap tensors = named(names);
  Tidied result;
  initialize_logging(0, 1);
  ::testing::internal::CaptureStderr();
  remove_prefixes(tensors, "some.pt");
  result.said = ::testing::internal::GetCapturedStderr();
  for (const auto& [name, tensor] : tensors) result.names.push_back(name);
  return result;
}

TEST(TensorNames, LoseEveryPrefixThatAllHaveAndThisIsSaid) {
  for (const std::string prefix : {"module.", "_orig_mod.", "model."}) {
    const Tidied tidied = without_prefixes({prefix + "logit_scale", prefix + "visual.proj"});
    EXPECT_THAT(tidied.names, ElementsAre("logit_scale", "visual.proj"));
    EXPECT_THAT(tidied.said, HasSubstr("some.pt: all names begin with " + prefix));
  }
  const Tidied tidied = without_prefixes(
      {"model._orig_mod.module.logit_scale", "model._orig_mod.module.visual.proj"});
  EXPECT_THAT(tidied.names, ElementsAre("logit_scale", "visual.proj"));
  EXPECT_THAT(tidied.said,
              AllOf(HasSubstr(" model."), HasSubstr(" _orig_mod."), HasSubstr(" module.")));
}

TEST(TensorNames, KeepAPrefixThatOneLacks) {
  const Tidied tidied = without_prefixes({"model.visual.proj", "loss.scale"});
  EXPECT_THAT(tidied.names, ElementsAre("loss.scale", "model.visual.proj"));
  EXPECT_THAT(tidied.said, IsEmpty());
}

TEST(TensorNames, OfBuffersAreLeftOut) {
  TensorMap tensors = named({"attn_mask", "transformer.resblocks.0.attn_mask", "visual.proj",
                             "text.transformer.embeddings.position_ids"});
  EXPECT_FALSE(remove_buffers(tensors));
  EXPECT_EQ(tensors.size(), 1u);
  EXPECT_TRUE(tensors.contains("visual.proj"));
  tensors = named({"vocab_size"});
  EXPECT_TRUE(remove_buffers(tensors));
  EXPECT_THAT(tensors, IsEmpty());
}

TEST(TensorNames, ALogitScaleOfOneElementIsANumber) {
  TensorMap tensors = {{"logit_scale", at::full({1}, 3.5)}, {"ln_final.bias", at::zeros({1})}};
  remove_buffers(tensors);
  EXPECT_EQ(tensors.at("logit_scale").dim(), 0);
  EXPECT_EQ(tensors.at("logit_scale").item<float>(), 3.5F);
  EXPECT_EQ(tensors.at("ln_final.bias").dim(), 1);
  tensors["logit_scale"] = at::zeros({2});
  remove_buffers(tensors);
  EXPECT_EQ(tensors.at("logit_scale").dim(), 1);
}

TEST(TensorNames, OfAnAdapterAreRefusedByWhatItIs) {
  TensorMap tensors =
      named({"base_model.model.visual_projection.lora_A.weight", "base_model.model.x"});
  EXPECT_THAT(error_of([&] { remove_prefixes(tensors, "adapter_model.safetensors"); }),
              AllOf(HasSubstr("adapter_model.safetensors: belongs to an adapter, such as LoRA"),
                    HasSubstr("merge_and_unload()")));
  const auto folder = scratch_folder();
  write_file_atomically(folder / "adapter_config.json", R"({"peft_type": "LORA"})");
  EXPECT_THAT(error_of([&] { weights_file(folder); }),
              AllOf(HasSubstr((folder / "adapter_config.json: ").string()),
                    HasSubstr("merge_and_unload()")));
}

}  // namespace
}  // namespace dermatome
