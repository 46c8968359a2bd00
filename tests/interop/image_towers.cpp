// image_towers describe CONFIG...
//   writes to standard output, as JSON, for each model configuration its tensors with their shapes
//   in state_dict order, or the error with which it is refused. Allocates no weights.
// image_towers train CHECKPOINT INPUT OUTPUT
//   makes five steps of AdamW that change the image tower only. INPUT holds pixels [B, 3, H, W] and
//   target [B, d]; the loss is the sum of image features times target. OUTPUT, a directory, gets
//   the model, and results.safetensors with the first step's features ("features") and gradients
//   ("gradient." and the parameter's name).
//
// For image_towers_test.py, which compares both with the peers.
#include <ATen/ATen.h>

#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <string>

#include "src/config/optimizer_options.h"
#include "src/core/error.h"
#include "src/train/optimizer.h"
#include "src/weights/description.h"
#include "src/weights/hub.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights.h"

namespace {

using namespace dermatome;
using Json = nlohmann::ordered_json;

Json description(const char* path) {
  try {
    const Clip model(read_description(path), c10::kMeta);
    Json tensors = Json::array();
    for (const NamedParameter& parameter : model.parameters()) {
      tensors.push_back({parameter.name, parameter.value.sizes().vec()});
    }
    return {{"tensors", tensors}};
  } catch (const ConfigError& error) {
    return {{"error", error.what()}};
  }
}

void describe(int count, char** paths) {
  Json all = Json::object();
  for (int i = 0; i < count; ++i) all[paths[i]] = description(paths[i]);
  std::puts(all.dump().c_str());
}

void train(const char* checkpoint, const char* input, const std::string& output) {
  constexpr int kSteps = 5;
  constexpr double kRate = 1e-4;
  const Clip model = load_clip(checkpoint, at::kCPU);
  const auto inputs = read_safetensors(input);
  std::vector<NamedParameter> parameters;
  for (const NamedParameter& parameter : model.trained_parameters()) {
    if (parameter.name.starts_with("visual.")) parameters.push_back(parameter);
  }
  AdamW optimizer(parameters, OptimizerOptions());
  NamedTensors results;
  for (int step = 0; step < kSteps; ++step) {
    for (NamedParameter& parameter : parameters) parameter.value.mutable_grad().reset();
    const at::Tensor features =
        model.encode_image(inputs.at("pixels"), /*with_patches=*/false).image;
    (features * inputs.at("target")).sum().backward();
    if (step == 0) {
      results.emplace_back("features", features.detach());
      for (const NamedParameter& parameter : parameters) {
        results.emplace_back("gradient." + parameter.name, parameter.value.grad().clone());
      }
    }
    optimizer.step(kRate);
  }
  write_safetensors(output + "/results.safetensors", results);
  write_hub(model, output);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string command = argc > 1 ? argv[1] : "";
  try {
    if (command == "describe") {
      describe(argc - 2, argv + 2);
    } else if (command == "train" && argc == 5) {
      train(argv[2], argv[3], argv[4]);
    } else {
      std::fprintf(stderr,
                   "usage: image_towers describe CONFIG...\n"
                   "       image_towers train CHECKPOINT INPUT OUTPUT\n");
      return 2;
    }
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
