#include "src/weights/foreign/clip_model_names.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <map>
#include <set>
#include <string>

#include "src/model/clip.h"

namespace dermatome {
namespace {

ClipConfig uneven_towers() {
  ClipConfig config;
  config.embed_dim = 6;
  config.vision = {.image_size = 8, .patch_size = 4, .width = 8, .layers = 3, .head_width = 4};
  config.text = {.context_length = 5, .vocab_size = 7, .width = 4, .heads = 2, .layers = 2};
  return config;
}

TEST(ClipModelNames, EveryTensorOfTheModelHasOneOrThree) {
  std::map<std::string, std::set<ClipModelForm>> forms;
  std::set<std::string> names;
  for (const ClipModelTensor& tensor : clip_model_tensors(3, 2)) {
    EXPECT_TRUE(names.insert(tensor.name).second) << tensor.name;
    EXPECT_TRUE(forms[tensor.open_clip].insert(tensor.form).second) << tensor.open_clip;
  }
  const Clip clip(uneven_towers(), at::kCPU);
  for (const NamedParameter& parameter : clip.parameters()) {
    const bool is_joined = parameter.name.find("in_proj") != std::string::npos;
    EXPECT_EQ(forms[parameter.name].size(), is_joined ? 3 : 1) << parameter.name;
  }
  EXPECT_EQ(forms.size(), clip.parameters().size());
}

TEST(ClipModelNames, AreThoseOfTransformers) {
  std::map<std::string, std::string> found;
  for (const ClipModelTensor& tensor : clip_model_tensors(3, 2))
    found[tensor.name] = tensor.open_clip;
  const std::map<std::string, std::string> some = {
      {"vision_model.pre_layrnorm.bias", "visual.ln_pre.bias"},
      {"vision_model.encoder.layers.2.mlp.fc2.weight",
       "visual.transformer.resblocks.2.mlp.c_proj.weight"},
      {"text_model.encoder.layers.1.layer_norm2.bias", "transformer.resblocks.1.ln_2.bias"},
      {"text_model.encoder.layers.0.self_attn.k_proj.weight",
       "transformer.resblocks.0.attn.in_proj_weight"}};
  for (const auto& [name, open_clip] : some) EXPECT_EQ(found[name], open_clip) << name;
}

TEST(ClipModelNames, PartsAreRowsOrColumns) {
  const at::Tensor whole = at::arange(12).view({6, 2});
  EXPECT_TRUE(at::equal(clip_model_part(whole, ClipModelForm::kSame), whole));
  EXPECT_TRUE(at::equal(clip_model_part(whole, ClipModelForm::kTransposed), whole.t()));
  EXPECT_TRUE(at::equal(clip_model_part(whole, ClipModelForm::kQuery), whole.slice(0, 0, 2)));
  EXPECT_TRUE(at::equal(clip_model_part(whole, ClipModelForm::kKey), whole.slice(0, 2, 4)));
  EXPECT_TRUE(at::equal(clip_model_part(whole, ClipModelForm::kValue), whole.slice(0, 4, 6)));
}

}  // namespace
}  // namespace dermatome
