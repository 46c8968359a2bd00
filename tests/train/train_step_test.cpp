#include "src/train/train_step.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "src/distributed/rendezvous.h"
#include "src/model/hub.h"
#include "src/model/safetensors.h"
#include "src/train/optimizer.h"
#include "src/train/schedule.h"

namespace dermatome {
namespace {

const std::string kGolden = DERMATOME_SOURCE_DIR "/tests/golden/";

nlohmann::json golden_json() {
  std::ifstream file(kGolden + "tiny_clip.json");
  return nlohmann::json::parse(file);
}

struct Recorded {
  const char* activation;  // gelu | quickgelu
  const char* semantics;   // paper | compat, golden's name of `released`
};

// gtest prints it in a failing test's name.
void PrintTo(const Recorded& recorded, std::ostream* out) {
  *out << recorded.activation << "." << recorded.semantics;
}

ClipConfig tiny_config(bool quick_gelu) {
  const auto json = golden_json().at("config");
  const auto& vision = json.at("vision_cfg");
  const auto& text = json.at("text_cfg");
  ClipConfig config;
  config.embed_dim = json.at("embed_dim");
  config.quick_gelu = quick_gelu;
  config.vision.image_size = vision.at("image_size");
  config.vision.patch_size = vision.at("patch_size");
  config.vision.width = vision.at("width");
  config.vision.layers = vision.at("layers");
  config.vision.head_width = vision.at("head_width");
  config.text.vocab_size = text.at("vocab_size");
  config.text.width = text.at("width");
  config.text.heads = text.at("heads");
  config.text.layers = text.at("layers");
  return config;
}

// The golden batch as a loader would hand it over, every caption a text of its own.
Batch golden_batch(const std::map<std::string, at::Tensor>& golden) {
  Batch batch;
  const at::Tensor text = golden.at("text").to(at::kLong);  // [B, N, 77]
  batch.images = golden.at("image");
  batch.tokens = text.flatten(0, 1);
  batch.lengths = batch.tokens.ne(0).sum(1);
  batch.caption = at::arange(text.size(0) * text.size(1)).view({text.size(0), text.size(1)});
  batch.mask = golden.at("caption_mask") > 0;
  return batch;
}

class TinyClipTraining : public testing::TestWithParam<Recorded> {
 protected:
  TinyClipTraining()
      : name_(std::string(GetParam().activation) + "." + GetParam().semantics),
        golden_(read_safetensors(kGolden + "tiny_clip_io.safetensors")),
        recorded_(golden_json().at("train").at(name_)),
        collectives_(Rendezvous(World{}, std::chrono::seconds(10)).connect("test")),
        model_(tiny_config(std::string(GetParam().activation) == "quickgelu"), c10::kCPU) {
    options_.objective.mode = std::string(GetParam().semantics) == "compat"
                                  ? ObjectiveMode::kReleased
                                  : ObjectiveMode::kPaper;
    options_.objective.negatives = Negatives::kAll;
    options_.optimizer.weight_decay = 0.1;
    load_weights(model_, kGolden + "tiny_clip_state.safetensors");
  }

  std::string name_;
  std::map<std::string, at::Tensor> golden_;
  nlohmann::json recorded_;
  std::unique_ptr<Collectives> collectives_;
  Clip model_;
  TrainOptions options_;
};

TEST_P(TinyClipTraining, FirstGradientsAndFiveStepsEqualTheRecordedOnes) {
  TrainStep step(model_, *collectives_, options_);
  AdamW optimizer(model_.parameters(), options_.optimizer);
  const Batch batch = golden_batch(golden_);
  const GlobalSizes sizes = {{batch.images.size(0)}, {batch.tokens.size(0)}};
  for (int64_t i = 0; i < 5; ++i) {
    const ObjectiveResult result = step.compute_gradients(batch.images, batch, sizes);
    const auto& expected = recorded_.at("steps")[static_cast<size_t>(i)];
    for (const auto& [key, value] :
         {std::pair("total", result.total), {"mkcl", result.mkcl}, {"slra", result.slra}}) {
      const double reference = expected.at(key);
      EXPECT_NEAR(value.item<double>(), reference, 1e-4 * std::abs(reference)) << key << " " << i;
    }
    if (i == 0) {
      for (const auto& parameter : model_.parameters()) {
        const double reference = recorded_.at("grad_l2").at(parameter.name);
        const double norm = parameter.value.grad().to(at::kDouble).norm().item<double>();
        EXPECT_NEAR(norm, reference, 1e-5 * reference + 1e-9) << parameter.name;
        const auto tensor = golden_.find(name_ + ".grad." + parameter.name);
        if (tensor == golden_.end()) continue;
        const at::Tensor difference = parameter.value.grad() - tensor->second;
        EXPECT_LE(difference.norm().item<double>(), 1e-5 * tensor->second.norm().item<double>())
            << parameter.name;
      }
    }
    optimizer.step(cosine_learning_rate(1e-3, 2, 5, i));
    model_.logit_scale().detach().clamp_(0, std::log(100.0));
  }
  for (const auto& parameter : model_.parameters()) {
    const double reference = recorded_.at("param_l2_after_5").at(parameter.name);
    EXPECT_NEAR(parameter.value.to(at::kDouble).norm().item<double>(), reference, 1e-4 * reference)
        << parameter.name;
  }
}

INSTANTIATE_TEST_SUITE_P(Golden, TinyClipTraining,
                         testing::Values(Recorded{"gelu", "paper"}, Recorded{"gelu", "compat"},
                                         Recorded{"quickgelu", "paper"},
                                         Recorded{"quickgelu", "compat"}),
                         [](const auto& instance) {
                           return std::string(instance.param.activation) + "_" +
                                  instance.param.semantics;
                         });

}  // namespace
}  // namespace dermatome
