// model_steps MODEL INPUTS OUTPUT: trains the model of the directory MODEL for five steps on the
// same pixels and tokens. The loss is the sum of all features, each times a given number, and the
// logit scale. Writes the features, the first step's gradients, and the weights after the last one.
#include <ATen/ATen.h>

#include <cstdio>
#include <exception>
#include <map>
#include <string>

#include "src/config/optimizer_options.h"
#include "src/core/text.h"
#include "src/model/clip.h"
#include "src/train/optimizer.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

constexpr int kSteps = 5;
constexpr double kLearningRate = 1e-4;

void follow_steps(const std::string& model_folder, const std::string& inputs_file,
                  const std::string& output) {
  const Clip model = load_clip(model_folder, at::kCPU);
  const std::map<std::string, at::Tensor> inputs = read_safetensors(inputs_file);
  AdamW optimizer(model.trained_parameters(), OptimizerOptions{.weight_decay = 0.1});
  NamedTensors found;
  for (int step = 0; step < kSteps; ++step) {
    for (const NamedParameter& parameter : model.trained_parameters()) {
      parameter.value.mutable_grad() = at::zeros_like(parameter.value);
    }
    const at::Tensor of_images =
        model.encode_image(inputs.at("pixels"), /*with_patches=*/false).image;
    const at::Tensor of_texts = model.encode_text(inputs.at("tokens"), inputs.at("lengths"));
    const at::Tensor loss = (of_images * inputs.at("image_weights")).sum() +
                            (of_texts * inputs.at("text_weights")).sum() + model.logit_scale();
    loss.backward();
    if (step == 0) {
      found = {{"image_features", of_images.detach()}, {"text_features", of_texts.detach()}};
      for (const NamedParameter& parameter : model.trained_parameters()) {
        found.emplace_back(text("gradient.", parameter.name), parameter.value.grad().clone());
      }
    }
    optimizer.step(kLearningRate);
  }
  for (const NamedParameter& parameter : model.trained_parameters()) {
    found.emplace_back(text("after.", parameter.name), parameter.value.detach());
  }
  write_safetensors(output, found);
}

}  // namespace
}  // namespace dermatome

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: model_steps MODEL INPUTS OUTPUT\n");
    return 2;
  }
  try {
    dermatome::follow_steps(argv[1], argv[2], argv[3]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
