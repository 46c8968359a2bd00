// Directories of a CLIPModel, as transformers writes them.
#include "src/weights/foreign/clip_model.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "src/core/file.h"
#include "src/core/log.h"
#include "src/weights/architectures.h"
#include "src/weights/foreign/clip_model_names.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights.h"
#include "tests/model/golden_clip.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using TensorMap = std::map<std::string, at::Tensor>;

TensorMap golden_state() { return read_safetensors(golden_path("tiny_clip_state.safetensors")); }

class ClipModelFolder : public ::testing::Test {
 protected:
  ClipModelFolder() {
    const ClipConfig golden = golden_config("quickgelu");
    config_ = {{"model_type", "clip"},
               {"projection_dim", golden.embed_dim},
               {"vision_config",
                {{"image_size", golden.vision.image_size},
                 {"patch_size", golden.vision.patch_size},
                 {"hidden_size", golden.vision.width},
                 {"intermediate_size", golden.vision.mlp_width()},
                 {"num_hidden_layers", golden.vision.layers},
                 {"num_attention_heads", golden.vision.heads()}}},
               {"text_config",
                {{"vocab_size", golden.text.vocab_size},
                 {"hidden_size", golden.text.width},
                 {"intermediate_size", golden.text.mlp_width()},
                 {"num_hidden_layers", golden.text.layers},
                 {"num_attention_heads", golden.text.heads}}}};
    const TensorMap state = golden_state();
    for (const ClipModelTensor& each :
         clip_model_tensors(golden.vision.layers, golden.text.layers)) {
      tensors_[each.name] = clip_model_part(state.at(each.open_clip), each.form);
    }
  }

  void write_config() const { write_file_atomically(folder_ / "config.json", config_.dump()); }

  void write() const {
    write_config();
    write_safetensors(folder_ / "model.safetensors", {tensors_.begin(), tensors_.end()});
  }

  // Writes the tensors in two parts. Returns what the index says.
  json write_parts() const {
    write_config();
    const std::string names[] = {"model-00001-of-00002.safetensors",
                                 "model-00002-of-00002.safetensors"};
    NamedTensors parts[2];
    json index = {{"metadata", {{"total_size", 1}}}};
    for (const auto& [name, tensor] : tensors_) {
      const size_t part = parts[0].size() > parts[1].size() ? 1 : 0;
      parts[part].emplace_back(name, tensor);
      index["weight_map"][name] = names[part];
    }
    for (size_t i = 0; i < 2; ++i) write_safetensors(folder_ / names[i], parts[i]);
    return index;
  }

  void write_index(const json& index) const {
    write_file_atomically(folder_ / "model.safetensors.index.json", index.dump());
  }

  std::string refusal() const {
    return error_of([&] { load_clip(folder_, at::kCPU); });
  }

  void expect_golden(const std::filesystem::path& path) const {
    const Clip clip = load_clip(path, at::kCPU);
    EXPECT_EQ(hub_config_json(clip.config()), hub_config_json(golden_config("quickgelu")));
    const TensorMap expected = golden_state();
    for (const NamedParameter& parameter : clip.parameters()) {
      EXPECT_TRUE(at::equal(parameter.value, expected.at(parameter.name))) << parameter.name;
    }
  }

  std::filesystem::path folder_ = scratch_folder();
  json config_;
  TensorMap tensors_;
};

TEST_F(ClipModelFolder, IsTheSameModel) {
  write();
  expect_golden(folder_);
  expect_golden(folder_ / "model.safetensors");
  EXPECT_TRUE(read_weights(folder_).tell_activation());
  // Also as an architecture.
  EXPECT_EQ(hub_config_json(read_architecture((folder_ / "config.json").string())),
            hub_config_json(golden_config("quickgelu")));
}

TEST_F(ClipModelFolder, NumbersOfPositionsAreNoParameters) {
  for (const char* tower : {"vision_model", "text_model"}) {
    tensors_[std::string(tower) + ".embeddings.position_ids"] = at::arange(7).unsqueeze(0);
  }
  write();
  expect_golden(folder_);
}

TEST_F(ClipModelFolder, MayHaveSeveralParts) {
  write_index(write_parts());
  expect_golden(folder_);
  expect_golden(folder_ / "model.safetensors.index.json");
}

TEST_F(ClipModelFolder, PartsMustHoldWhatTheIndexSays) {
  json index = write_parts();
  index["weight_map"]["text_model.more"] = "model-00002-of-00002.safetensors";
  write_index(index);
  EXPECT_THAT(refusal(),
              HasSubstr("\"text_model.more\" is not in model-00002-of-00002.safetensors"));
  for (const json& bad : {json("../model.safetensors"), json(""), json(3)}) {
    index["weight_map"]["text_model.more"] = bad;
    write_index(index);
    EXPECT_THAT(refusal(), HasSubstr("must name a file beside it for the tensor \"text_model.more"))
        << bad;
  }
}

TEST_F(ClipModelFolder, TensorsThatAreMissingOrUnknownAreNamed) {
  const at::Tensor bias = tensors_.at("vision_model.pre_layrnorm.bias");
  tensors_.erase("vision_model.pre_layrnorm.bias");
  write();
  EXPECT_THAT(refusal(), AllOf(HasSubstr((folder_ / "model.safetensors: ").string()),
                               HasSubstr("misses the tensor vision_model.pre_layrnorm.bias")));
  tensors_["vision_model.pre_layrnorm.bias"] = bias;
  tensors_["classifier.bias"] = bias;
  write();
  EXPECT_THAT(refusal(), HasSubstr("holds the tensor \"classifier.bias\""));
}

TEST_F(ClipModelFolder, ShapesThatDoNotFitAreNamedAsTheFileCallsThem) {
  config_["text_config"]["vocab_size"] = 1001;
  write();
  EXPECT_THAT(refusal(), AllOf(HasSubstr("token_embedding.weight (there "
                                         "text_model.embeddings.token_embedding.weight) is Float"),
                               HasSubstr("needs floating point [1001, 64]")));

  const std::string key = "text_model.encoder.layers.1.self_attn.k_proj.weight";
  tensors_[key] = at::zeros({3, 64});
  write();
  EXPECT_THAT(refusal(), HasSubstr(key + " is Float [3, 64], which cannot be joined with"));
}

TEST_F(ClipModelFolder, AProjectionMustBeAMatrix) {
  tensors_["visual_projection.weight"] = at::zeros({32});
  write();
  EXPECT_THAT(refusal(), HasSubstr("visual_projection.weight is [32], not a matrix"));
}

TEST_F(ClipModelFolder, OfAnotherModelIsRefusedByWhatItIs) {
  config_["model_type"] = "siglip";
  write();
  EXPECT_THAT(refusal(), AllOf(HasSubstr((folder_ / "config.json: model_type").string()),
                               HasSubstr("\"siglip\""), HasSubstr("only CLIPModel")));
  config_ = {{"architecture", "vit_base_patch16_224"}, {"num_classes", 0}};
  write();
  EXPECT_THAT(refusal(), HasSubstr("is a model of timm"));
  config_ = {{"vision_config", json::object()}};
  write();
  EXPECT_THAT(refusal(), HasSubstr("model_type"));
}

TEST_F(ClipModelFolder, DoesNotSayItsActivationWithoutItsConfiguration) {
  write();
  std::filesystem::rename(folder_ / "model.safetensors", folder_ / "alone.safetensors");
  const Weights weights = read_weights(folder_ / "alone.safetensors");
  EXPECT_FALSE(weights.described_by.has_value());
  EXPECT_FALSE(weights.tell_activation());
  EXPECT_EQ(weights.tensors.size(), golden_state().size());
}

// As timm's repositories of OpenAI's models: open_clip's two files beside those of timm's image
// tower.
TEST_F(ClipModelFolder, GivesWayToOpenClipsFiles) {
  config_ = {{"architecture", "vit_base_patch16_clip_224"}, {"num_classes", 512}};
  write();
  const TensorMap state = golden_state();
  write_safetensors(folder_ / "open_clip_model.safetensors", {state.begin(), state.end()});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("holds no open_clip_config.json"),
                               HasSubstr("hf download ORGANIZATION/NAME open_clip_config.json")));
  write_file_atomically(folder_ / "open_clip_config.json",
                        hub_config_json(golden_config("quickgelu")));
  expect_golden(folder_);
}

}  // namespace
}  // namespace dermatome
