#include "src/export/export_checkpoint.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>
#include <string>

#include "src/core/file.h"
#include "src/weights/hub.h"
#include "src/weights/weights.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using Tensors = std::map<std::string, at::Tensor>;

class ExportCheckpoint : public testing::Test {
 protected:
  ExportCheckpoint() : model_(config(), at::kCPU) {
    model_.initialize(1);
    fs::create_directories(folder_ / "model");
    write_hub(model_, folder_ / "model");
    options_.checkpoint = (folder_ / "model").string();
    options_.output = folder_ / "out" / "exported";
  }

  static ClipConfig config() {
    ClipConfig config;
    config.embed_dim = 12;
    config.vision = {.image_size = 16, .patch_size = 8, .width = 8, .layers = 2, .head_width = 4};
    config.text = {.context_length = 9, .width = 4, .heads = 1, .layers = 1};
    return config;
  }

  Tensors exported(ExportFormat format) {
    options_.format = format;
    export_checkpoint(options_);
    return read_safetensors(options_.output / "model.safetensors");
  }

  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(options_.output)) {
      names.insert(entry.path().filename().string());
    }
    return names;
  }

  // Changes a number of a tensor, and writes the model again.
  void set_number(const std::string& name, double value) {
    for (const NamedParameter& parameter : model_.parameters()) {
      if (parameter.name == name) parameter.value.detach().flatten()[0].fill_(value);
    }
    write_hub(model_, folder_ / "model");
  }

  at::Tensor parameter(const std::string& name) const {
    for (const NamedParameter& parameter : model_.parameters()) {
      if (parameter.name == name) return parameter.value.detach();
    }
    return {};
  }

  Clip model_;
  fs::path folder_ = scratch_folder();
  ExportOptions options_;
};

TEST_F(ExportCheckpoint, ForTransformersHoldsBothTowers) {
  const Tensors tensors = exported(ExportFormat::kTransformers);
  EXPECT_EQ(files(), (std::set<std::string>{"README.md", "config.json", "merges.txt",
                                            "model.safetensors", "preprocessor_config.json",
                                            "tokenizer_config.json", "vocab.json"}));
  // Four more tensors per block, because the projections of attention are apart.
  EXPECT_EQ(tensors.size(), model_.parameters().size() + 3 * 4);
  const at::Tensor in_proj = parameter("visual.transformer.resblocks.1.attn.in_proj_weight");
  EXPECT_TRUE(at::equal(tensors.at("vision_model.encoder.layers.1.self_attn.k_proj.weight"),
                        in_proj.slice(0, 8, 16)));
  EXPECT_TRUE(at::equal(tensors.at("text_projection.weight"), parameter("text_projection").t()));
  EXPECT_EQ(tensors.at("logit_scale").dim(), 0);
  const std::string bytes = read_file(options_.output / "model.safetensors");
  EXPECT_THAT(bytes.substr(0, 100), HasSubstr(R"("__metadata__":{"format":"pt"})"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "out"), {}), 1);
}

TEST_F(ExportCheckpoint, OfOneTowerLeavesTheOtherOut) {
  for (const auto& [name, tensor] : exported(ExportFormat::kVision)) {
    EXPECT_TRUE(name.starts_with("vision_model.") || name == "visual_projection.weight") << name;
  }
  EXPECT_EQ(files(), (std::set<std::string>{"README.md", "config.json", "model.safetensors",
                                            "preprocessor_config.json"}));
  options_.output = folder_ / "text";
  for (const auto& [name, tensor] : exported(ExportFormat::kText)) {
    EXPECT_TRUE(name.starts_with("text_model.") || name == "text_projection.weight") << name;
  }
  EXPECT_FALSE(files().contains("preprocessor_config.json"));
}

TEST_F(ExportCheckpoint, RoundsToTheTypeThatIsAskedFor) {
  options_.type = at::kBFloat16;
  for (const auto& [name, tensor] : exported(ExportFormat::kTransformers)) {
    EXPECT_EQ(tensor.scalar_type(), at::kBFloat16) << name;
  }
  EXPECT_THAT(read_file(options_.output / "config.json"),
              HasSubstr(R"("torch_dtype": "bfloat16")"));
}

TEST_F(ExportCheckpoint, ForOpenClipComesBackRounded) {
  options_.format = ExportFormat::kOpenClip;
  options_.type = at::kHalf;
  export_checkpoint(options_);
  const Clip read = load_clip(options_.output, at::kCPU);
  for (const NamedParameter& each : read.parameters()) {
    EXPECT_TRUE(at::equal(each.value, parameter(each.name).to(at::kHalf).to(at::kFloat)))
        << each.name;
  }
  EXPECT_THAT(read_file(options_.output / "README.md"), HasSubstr("library_name: open_clip\n"));
}

TEST_F(ExportCheckpoint, NumbersThatTheTypeCannotHoldAreRefused) {
  set_number("visual.proj", 1e6);
  options_.type = at::kHalf;
  EXPECT_THAT(error_of([&] { export_checkpoint(options_); }),
              HasSubstr("--dtype fp16 cannot hold the tensor visual.proj"));
  EXPECT_FALSE(fs::exists(options_.output));
  EXPECT_TRUE(fs::is_empty(options_.output.parent_path()));
  set_number("visual.proj", std::numeric_limits<double>::infinity());
  EXPECT_THAT(error_of([&] { export_checkpoint(options_); }), HasSubstr("not finite"));
}

TEST_F(ExportCheckpoint, AFolderThatHoldsSomethingStays) {
  fs::create_directories(options_.output);
  write_file_atomically(options_.output / "mine.txt", "mine");
  EXPECT_THAT(error_of([&] { export_checkpoint(options_); }), HasSubstr("is not empty"));
  EXPECT_EQ(read_file(options_.output / "mine.txt"), "mine");
  fs::remove(options_.output / "mine.txt");
  options_.output += "/";
  export_checkpoint(options_);
  EXPECT_TRUE(fs::exists(options_.output / "config.json"));
}

TEST_F(ExportCheckpoint, WeightsWithoutADescriptionNeedTheActivation) {
  fs::create_directories(folder_ / "bare");
  fs::copy_file(folder_ / "model" / kWeightsFile, folder_ / "bare" / "weights.safetensors");
  options_.checkpoint = (folder_ / "bare" / "weights.safetensors").string();
  EXPECT_THAT(error_of([&] { export_checkpoint(options_); }),
              HasSubstr("was trained with GELU or with QuickGELU, and an export says it"));
  const fs::path architecture = folder_ / "architecture.json";
  write_file_atomically(architecture, hub_config_json(config()));
  options_.hints = {.architecture = architecture.string(), .quick_gelu = true};
  export_checkpoint(options_);
  EXPECT_THAT(read_file(options_.output / "config.json"), HasSubstr("quick_gelu"));
}

}  // namespace
}  // namespace dermatome
