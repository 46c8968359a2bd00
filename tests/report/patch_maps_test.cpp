#include "src/report/patch_maps.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "src/config/objective_options.h"
#include "src/model/preprocess.h"
#include "src/objective/create_objective.h"
#include "src/report/images.h"
#include "src/text/clip_tokenizer.h"
#include "tests/data/test_shards.h"

namespace dermatome {
namespace {

using testing::ElementsAre;

class PatchMaps : public testing::Test {
 protected:
  PatchMaps() {
    model_.initialize(5);
    examples_ = read_examples(shards_.dataset(), {0, 1, 9, 10, 12});
    encoded_ = encode_examples(model_, tokenizer_, examples_, /*with_patches=*/true);
  }

  static ClipConfig tiny_config() {
    ClipConfig config;
    config.embed_dim = 16;
    config.vision = {.image_size = 24, .patch_size = 8, .width = 32, .layers = 1, .head_width = 16};
    config.text.width = 32;
    config.text.heads = 2;
    config.text.layers = 1;
    return config;
  }

  // The patches of a record that training's forward pass would compute.
  at::Tensor patches_of(size_t record) const {
    const at::NoGradGuard no_grad;
    const at::Tensor pixels = preprocess_image(examples_[record].image, model_.config());
    return model_
        .encode_image(normalize(pixels.unsqueeze(0), model_.config().preprocess, c10::kCPU), true)
        .patches;
  }

  TestShards shards_{20, 8};
  ClipTokenizer tokenizer_;
  Clip model_{tiny_config(), c10::kCPU};
  ObjectiveOptions options_;
  std::vector<Example> examples_;
  EncodedExamples encoded_;
};

TEST_F(PatchMaps, WeightsAreThoseOfTrainingsPooling) {
  for (const double sigma : {0.0, 0.02, -1.0}) {
    options_.sigma = sigma;
    for (const size_t record : {0, 1, 3}) {
      const int64_t text = encoded_.first_text[record];
      const auto objective = create_objective(options_);
      const at::Tensor map = patch_map(encoded_, MapKind::kWeights, record, text, *objective);
      ASSERT_EQ(map.sizes(), at::IntArrayRef({9}));
      const at::Tensor patches = patches_of(record);
      const at::Tensor pooled =
          objective->pool(patches, encoded_.text, at::full({1}, text, at::kLong));
      EXPECT_LE((map.unsqueeze(0).matmul(patches[0]) - pooled).abs().max().item<double>(), 1e-6);
    }
  }
}

TEST_F(PatchMaps, WeightsAreTheSelectedCosinesOverTheirNorm) {
  const int64_t text = encoded_.first_text[1];
  const at::Tensor cosines =
      patch_map(encoded_, MapKind::kCosines, 1, text, *create_objective(options_));
  options_.sigma = cosines.median().item<double>();
  const at::Tensor selected = cosines * (cosines >= options_.sigma);
  const at::Tensor weights =
      patch_map(encoded_, MapKind::kWeights, 1, text, *create_objective(options_));
  EXPECT_LE((weights - selected / selected.norm()).abs().max().item<double>(), 1e-6);
  EXPECT_EQ(weights.count_nonzero().item<int64_t>(), 5);
}

TEST_F(PatchMaps, CosinesAreThoseOfPatchesAndCaption) {
  const at::Tensor patches = patches_of(3)[0];
  const int64_t text = encoded_.first_text[1] + 3;
  const at::Tensor expected =
      at::cosine_similarity(patches, encoded_.text[text].unsqueeze(0), /*dim=*/1);
  const at::Tensor map =
      patch_map(encoded_, MapKind::kCosines, 3, text, *create_objective(options_));
  EXPECT_LE((map - expected).abs().max().item<double>(), 1e-6);
}

TEST_F(PatchMaps, AreComparedWithAnotherRecordsCaption) {
  // Record 0 has two subcaptions, record 1 has one.
  const auto maps = captions_to_map(examples_, 0, /*has_weights=*/true);
  ASSERT_EQ(maps.size(), 3u);
  EXPECT_EQ(maps[0].kind, MapKind::kWeights);
  EXPECT_EQ(maps[0].caption, 0u);
  EXPECT_EQ(maps[0].other, 1u);
  EXPECT_EQ(maps[0].other_caption, 0u);
  EXPECT_EQ(maps[1].kind, MapKind::kCosines);
  EXPECT_EQ(examples_[0].captions[maps[1].caption].place, 3);
  EXPECT_EQ(examples_[1].captions[maps[2].other_caption].place, 3);
  // Record 2 has no raw caption, so record 1 is compared with record 3.
  EXPECT_EQ(captions_to_map(examples_, 1, true)[0].other, 3u);
  EXPECT_EQ(captions_to_map(examples_, 4, true)[0].other, 0u);
  EXPECT_TRUE(captions_to_map({examples_[2]}, 0, true).empty());
  EXPECT_EQ(captions_to_map({examples_[0], examples_[0]}, 0, true)[0].other, std::nullopt);
}

TEST_F(PatchMaps, AreWrittenWithTheirCounterparts) {
  Clip untrained(tiny_config(), c10::kCPU);
  untrained.initialize(6);
  const EncodedExamples other = encode_examples(untrained, tokenizer_, examples_, true);
  const auto objective = create_objective(options_);
  const nlohmann::json written = map_examples(examples_, encoded_, other, *objective);
  ASSERT_EQ(written.size(), examples_.size());
  EXPECT_EQ(written[0]["source"], test_source(0));
  const nlohmann::json& map = written[0]["maps"][1];
  EXPECT_EQ(map["kind"], "cosines");
  EXPECT_EQ(map["text"], test_caption(0, 3).text);
  EXPECT_EQ(map["other"]["text"], test_caption(1, 3).text);
  const auto agrees = [](const nlohmann::json& values, const at::Tensor& expected) {
    const auto numbers = values.get<std::vector<float>>();
    return at::allclose(at::tensor(numbers), expected, /*rtol=*/0, /*atol=*/6e-5);
  };
  const auto cosines = [&](const EncodedExamples& encoded, size_t record) {
    return patch_map(encoded, MapKind::kCosines, 0, encoded.first_text[record] + 3, *objective);
  };
  EXPECT_TRUE(agrees(map["trained"], cosines(encoded_, 0)));
  EXPECT_TRUE(agrees(map["untrained"], cosines(other, 0)));
  EXPECT_TRUE(agrees(map["other"]["values"], cosines(encoded_, 1)));
}

// An objective that weighs no patches, or has other weights than MAKE's.
class OtherObjective : public Objective {
 public:
  explicit OtherObjective(bool has_weights) : has_weights_(has_weights) {}

  bool needs_patches() const override { return true; }
  TextSelection text_selection() const override { return {}; }
  int64_t num_captions() const override { return 4; }
  ObjectiveResult evaluate(const ObjectiveInput& /*input*/,
                           std::unique_ptr<RowGather> /*text_gather*/, const GlobalSizes& /*sizes*/,
                           Collectives& /*collectives*/) const override {
    return {};
  }
  ObjectiveCost cost(const ObjectiveLoad& /*load*/) const override { return {}; }
  std::optional<PatchWeightsText> patch_weights_text() const override {
    if (!has_weights_) return Objective::patch_weights_text();
    return PatchWeightsText{.formula = "the same everywhere", .notes = {}};
  }
  at::Tensor patch_weights(const at::Tensor& patches, const at::Tensor& text,
                           const at::Tensor& rows) const override {
    if (!has_weights_) return Objective::patch_weights(patches, text, rows);
    return at::full({patches.size(0), patches.size(1)}, 0.25, patches.options());
  }

 private:
  bool has_weights_;
};

TEST_F(PatchMaps, ShowTheWeightsOfTheObjectiveThatTrained) {
  const auto written = map_examples(examples_, encoded_, encoded_, OtherObjective(true));
  const nlohmann::json& map = written[0]["maps"][0];
  EXPECT_EQ(map["kind"], "weights");
  EXPECT_EQ(map["trained"], nlohmann::json(std::vector<double>(9, 0.25)));
}

TEST_F(PatchMaps, ShowCosinesAloneIfTheObjectiveWeighsNoPatches) {
  const auto written = map_examples(examples_, encoded_, encoded_, OtherObjective(false));
  ASSERT_EQ(written[0]["maps"].size(), 3u);
  EXPECT_EQ(written[0]["maps"][0]["text"], test_caption(0, 0).text);
  for (const nlohmann::json& example : written) {
    for (const nlohmann::json& map : example["maps"]) EXPECT_EQ(map["kind"], "cosines");
  }
}

}  // namespace
}  // namespace dermatome
