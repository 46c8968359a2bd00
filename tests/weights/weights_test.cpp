#include "src/weights/weights.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cstring>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/weights/hub.h"
#include "src/weights/positions.h"
#include "src/weights/safetensors.h"
#include "src/weights/shape_config.h"
#include "tests/model/golden_clip.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"
#include "tests/weights/foreign/torch_file.h"

namespace dermatome {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Tensors = std::map<std::string, at::Tensor>;

Tensors golden_state() { return read_safetensors(golden_path("tiny_clip_state.safetensors")); }

std::filesystem::path written(const Tensors& tensors) {
  const auto path = scratch_folder() / "weights.safetensors";
  write_safetensors(path, {tensors.begin(), tensors.end()});
  return path;
}

// Writes `tensors`, which are fp32, in the form of torch.save().
void write_state_dict(const std::filesystem::path& path, const Tensors& tensors) {
  std::vector<std::string> items;
  Members members;
  for (const auto& [name, tensor] : tensors) {
    const std::string key = std::to_string(members.size());
    members.emplace("data/" + key, std::string(static_cast<const char*>(tensor.const_data_ptr()),
                                               tensor.nbytes()));
    items.push_back(pickled_text(name));
    items.push_back(pickled_tensor(pickled_storage(key, tensor.numel()), 0, tensor.sizes().vec(),
                                   tensor.strides().vec()));
  }
  members.emplace("data.pkl", pickle_of(pickled_dict(items)));
  write_torch_file(path, members);
}

void expect_golden(const Clip& clip) {
  const Tensors expected = golden_state();
  for (const NamedParameter& parameter : clip.parameters()) {
    EXPECT_TRUE(at::equal(parameter.value, expected.at(parameter.name))) << parameter.name;
  }
}

TEST(WeightFiles, LowerPrecisionIsWidened) {
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
    const auto path = written(weights_);
    Clip clip(golden_config("gelu"), at::kCPU);
    try {
      load_weights(clip, path);
      FAIL() << "loaded weights that do not fit";
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string()));
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }

  Tensors weights_ = golden_state();
};

TEST_F(UnfitWeights, MissingTensorIsNamed) {
  weights_.erase("visual.proj");
  expect_refused("misses the tensor visual.proj");
}

TEST_F(UnfitWeights, UnexpectedTensorIsNamed) {
  weights_["logit_bias"] = at::zeros({});
  expect_refused("holds the tensor \"logit_bias\"");
}

TEST_F(UnfitWeights, MisshapenTensorIsNamed) {
  weights_["text_projection"] = at::zeros({32, 64});
  expect_refused("text_projection is Float [32, 64], but the model needs floating point [64, 32]");
}

TEST_F(UnfitWeights, IntegersAreRefused) {
  weights_["logit_scale"] = at::zeros({}, at::kLong);
  expect_refused("logit_scale is Long");
}

TEST_F(UnfitWeights, PositionsOfNoSquareAreRefused) {
  weights_["visual.positional_embedding"] =
      at::zeros({7, weights_.at("visual.positional_embedding").size(1)});
  expect_refused("not a class token and a square");
}

TEST_F(UnfitWeights, PositionsOfAnotherWidthAreRefused) {
  weights_["positional_embedding"] = at::zeros({77, 3});
  expect_refused("positional_embedding is Float [77, 3]");
}

TEST(WeightFiles, StateDictsOfTorchAreRead) {
  const auto path = scratch_folder() / "any.name";
  write_state_dict(path, golden_state());
  Clip clip(golden_config("gelu"), at::kCPU);
  load_weights(clip, path);
  expect_golden(clip);
}

TEST(WeightFiles, AnOlderHubDirectoryIsRead) {
  const auto folder = scratch_folder();
  write_file_atomically(folder / "open_clip_config.json",
                        hub_config_json(golden_config("quickgelu")));
  write_state_dict(folder / "open_clip_pytorch_model.bin", golden_state());
  const Clip clip = load_clip(folder, at::kCPU);
  EXPECT_TRUE(clip.config().quick_gelu);
  expect_golden(clip);
}

TEST(WeightFiles, TensorsOfParallelTrainingLoseTheirPrefix) {
  Tensors prefixed;
  for (const auto& [name, tensor] : golden_state()) prefixed["module." + name] = tensor;
  const Weights weights = read_weights(written(prefixed));
  EXPECT_TRUE(weights.tensors.contains("visual.proj"));

  prefixed["other"] = at::zeros({1});
  EXPECT_TRUE(read_weights(written(prefixed)).tensors.contains("module.visual.proj"));
}

TEST(WeightFiles, MasksAreNoParameters) {
  Tensors tensors = golden_state();
  tensors["attn_mask"] = at::zeros({77, 77});
  tensors["transformer.resblocks.0.attn_mask"] = at::zeros({77, 77});
  const Weights weights = read_weights(written(tensors));
  EXPECT_FALSE(weights.are_openai);
  EXPECT_FALSE(weights.tell_activation());
  EXPECT_EQ(weights.tensors.size(), golden_state().size());
}

TEST(WeightFiles, OpenAisExtraNumbersMeanQuickGelu) {
  EXPECT_FALSE(config_of(read_weights(written(golden_state()))).quick_gelu);
  Tensors tensors = golden_state();
  for (const char* name : {"input_resolution", "context_length", "vocab_size"}) {
    tensors[name] = at::zeros({}, at::kLong);
  }
  const Weights weights = read_weights(written(tensors));
  EXPECT_TRUE(weights.are_openai);
  EXPECT_TRUE(weights.tell_activation());
  EXPECT_TRUE(config_of(weights).quick_gelu);
  EXPECT_EQ(weights.tensors.size(), golden_state().size());
}

TEST(WeightFiles, WarnsOfOpenAisWeightsInAGeluModel) {
  Tensors tensors = golden_state();
  tensors["vocab_size"] = at::zeros({}, at::kLong);
  const Weights weights = read_weights(written(tensors));
  for (const char* activation : {"gelu", "quickgelu"}) {
    Clip clip(golden_config(activation), at::kCPU);
    initialize_logging(0, 1);
    ::testing::internal::CaptureStderr();
    load_weights(clip, weights);
    const bool warned = ::testing::internal::GetCapturedStderr().find("set quick_gelu to true") !=
                        std::string::npos;
    EXPECT_EQ(warned, !clip.config().quick_gelu);
  }
}

TEST(WeightFiles, AConfigurationBesideTheWeightsIsUsed) {
  const auto path = written(golden_state());
  write_file_atomically(path.parent_path() / "open_clip_config.json",
                        hub_config_json(golden_config("quickgelu")));
  EXPECT_EQ(hub_config_json(config_of(read_weights(path))),
            hub_config_json(golden_config("quickgelu")));
}

TEST(WeightFiles, HintsSayWhatNothingDescribes) {
  const auto path = written(golden_state());
  EXPECT_TRUE(config_of(read_weights(path), {.quick_gelu = true}).quick_gelu);

  const auto architecture = path.parent_path() / "model.json";
  write_file_atomically(architecture, hub_config_json(golden_config("gelu")));
  const ModelHints named = {.architecture = architecture, .quick_gelu = true};
  EXPECT_EQ(hub_config_json(config_of(read_weights(path), named)),
            hub_config_json(golden_config("quickgelu")));
  expect_golden(load_clip(path, at::kCPU, named));
}

TEST(WeightFiles, AnArchitectureThatDoesNotFitIsNamedWithTheWeights) {
  const auto path = written(golden_state());
  const auto architecture = path.parent_path() / "other.json";
  ClipConfig other = golden_config("gelu");
  other.embed_dim *= 2;
  write_file_atomically(architecture, hub_config_json(other));
  EXPECT_THAT(error_of([&] { load_clip(path, at::kCPU, {.architecture = architecture}); }),
              AllOf(HasSubstr(path.string() + ": "),
                    HasSubstr("but the architecture " + architecture.string() + " needs")));
}

TEST(WeightFiles, HintsContradictADescription) {
  const auto path = written(golden_state());
  write_file_atomically(path.parent_path() / "open_clip_config.json",
                        hub_config_json(golden_config("gelu")));
  EXPECT_THAT(error_of([&] { load_clip(path, at::kCPU, {.quick_gelu = true}); }),
              HasSubstr("leave out --architecture and --quick-gelu"));
}

TEST(WeightFiles, AFolderWithoutWeightsIsRefusedWithACure) {
  const auto run = scratch_folder();
  std::filesystem::create_directory(run / "checkpoints");
  try {
    read_weights(run);
    FAIL() << "read a folder without weights";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr(run.string() + ": holds neither"));
    EXPECT_THAT(error.what(), HasSubstr("RUN/checkpoints/step_"));
  }
}

TEST(WeightFiles, BarePicklesAreRefused) {
  const auto path = scratch_folder() / "old.pt";
  write_file_atomically(path, pickle_of("N"));
  try {
    read_weights(path);
    FAIL() << "read a pickle outside of an archive";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("before 1.6"));
  }
}

// A state dict of the model `config`.
Tensors state_of(const ClipConfig& config) {
  Tensors tensors;
  const Clip clip(config, at::kCPU);
  for (const NamedParameter& parameter : clip.parameters()) {
    tensors[parameter.name] = parameter.value.detach();
  }
  return tensors;
}

ClipConfig model_with_heads_of_64() {
  ClipConfig config;
  config.embed_dim = 24;
  config.vision = {
      .image_size = 30, .patch_size = 6, .width = 192, .layers = 2, .mlp_ratio = 100.0 / 192};
  config.text = {.context_length = 9,
                 .vocab_size = 50,
                 .width = 128,
                 .heads = 2,
                 .layers = 3,
                 .mlp_ratio = 3.0};
  return config;
}

TEST(ShapeConfig, TellsTheArchitecture) {
  const ClipConfig expected = model_with_heads_of_64();
  const ClipConfig found = config_of_shapes(state_of(expected), "x.pt");
  EXPECT_EQ(hub_config_json(found), hub_config_json(expected));
  EXPECT_EQ(found.vision.mlp_width(), expected.vision.mlp_width());
}

// In double precision, 61 / 448 * 448 is a little less than 61.
TEST(ShapeConfig, FindsEveryMlpWidth) {
  ClipConfig config = model_with_heads_of_64();
  config.vision.width = 448;
  Tensors tensors = state_of(config);
  for (int64_t hidden = 1; hidden < 400; hidden += 3) {
    tensors["visual.transformer.resblocks.0.mlp.c_fc.weight"] = at::empty({hidden, 448});
    EXPECT_EQ(config_of_shapes(tensors, "x.pt").vision.mlp_width(), hidden);
  }
}

TEST(ShapeConfig, ShapesThatDoNotTellTheModelAreRefused) {
  const auto refusal = [](const std::string& name, const at::Tensor& tensor) {
    Tensors tensors = state_of(model_with_heads_of_64());
    tensors.erase(name);
    if (tensor.defined()) tensors[name] = tensor;
    try {
      config_of_shapes(tensors, "x.pt");
    } catch (const DataError& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_THAT(refusal("visual.proj", {}), HasSubstr("x.pt: misses the tensor visual.proj"));
  EXPECT_THAT(refusal("visual.proj", at::zeros({192})), HasSubstr("visual.proj is [192]"));
  EXPECT_THAT(refusal("text_projection", at::zeros({128, 25})), HasSubstr("text_projection is"));
  EXPECT_THAT(refusal("visual.positional_embedding", at::zeros({25, 192})), HasSubstr("no square"));
  EXPECT_THAT(refusal("visual.conv1.weight", at::zeros({192, 3, 6, 5})), HasSubstr("no square"));
  EXPECT_THAT(refusal("transformer.resblocks.0.attn.in_proj_weight", at::zeros({3, 128})),
              HasSubstr("in_proj_weight is [3, 128]"));

  ClipConfig odd = model_with_heads_of_64();
  odd.text.width = 96;
  EXPECT_THROW(config_of_shapes(state_of(odd), "x.pt"), DataError);
}

TEST(ShapeConfig, OtherKindsOfImageTowersAreNamed) {
  Tensors tensors = golden_state();
  tensors["visual.trunk.cls_token"] = at::zeros({1, 1, 64});
  EXPECT_THAT(error_of([&] { config_of_shapes(tensors, "x.pt"); }),
              AllOf(HasSubstr("timm's or PanDerm's kind"), HasSubstr("open_clip_config.json")));
}

TEST(Positions, TextPositionsAreInterpolatedLinearly) {
  const at::Tensor two = at::tensor({0.0F, 1.0F, 10.0F, 20.0F}).view({2, 2}).to(at::kHalf);
  const at::Tensor expected =
      at::tensor({0.0F, 1.0F, 2.5F, 5.75F, 7.5F, 15.25F, 10.0F, 20.0F}).view({4, 2});
  EXPECT_TRUE(at::allclose(resize_text_positions(two, 4), expected));
}

TEST(Positions, PatchPositionsKeepPlaceAndClassToken) {
  const at::Tensor rows = at::arange(4, at::kFloat).view({4, 1}).expand({4, 4}).reshape({16, 1});
  const at::Tensor all = at::cat({at::full({1, 1}, 9.0F), rows});
  const at::Tensor larger = resize_image_positions(all, 8);
  ASSERT_EQ(larger.sizes(), at::IntArrayRef({65, 1}));
  EXPECT_EQ(larger[0].item<float>(), 9.0F);
  const at::Tensor square = larger.slice(0, 1).view({8, 8});
  // Values are equal along a row, rise from row to row, and are symmetric about the middle row.
  EXPECT_TRUE(at::allclose(square, square.slice(1, 0, 1).expand({8, 8})));
  EXPECT_TRUE((square.slice(0, 1) > square.slice(0, 0, 7)).all().item<bool>());
  EXPECT_TRUE(at::allclose(square + square.flip({0}), at::full({8, 8}, 3.0F)));
  EXPECT_FALSE(resize_image_positions(at::zeros({6, 1}), 2).defined());
  EXPECT_FALSE(resize_image_positions(at::zeros({1, 1}), 2).defined());
}

}  // namespace
}  // namespace dermatome
