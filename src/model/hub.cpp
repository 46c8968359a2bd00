#include "src/model/hub.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/model/safetensors.h"

namespace dermatome {
namespace {

const char* const kConfigFile = "open_clip_config.json";
const char* const kWeightsFile = "open_clip_model.safetensors";

std::string shape_of(const at::Tensor& tensor) { return c10::str(tensor.sizes()); }

}  // namespace

ClipConfig read_hub_config(const std::filesystem::path& directory) {
  return read_clip_config(directory / kConfigFile);
}

void load_weights(Clip& model, const std::filesystem::path& path) {
  const std::filesystem::path file =
      std::filesystem::is_directory(path) ? path / kWeightsFile : path;
  std::map<std::string, at::Tensor> weights = read_safetensors(file);
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : model.parameters()) {
    const auto found = weights.find(parameter.name);
    if (found == weights.end()) {
      throw DataError(file.string() + ": misses the tensor " + parameter.name +
                      "; is it the weights of another architecture?");
    }
    const at::Tensor& weight = found->second;
    if (weight.sizes() != parameter.value.sizes() || !weight.is_floating_point()) {
      throw DataError(file.string() + ": " + parameter.name + " is " +
                      at::toString(weight.scalar_type()) + " " + shape_of(weight) +
                      ", but the model needs floating point " + shape_of(parameter.value));
    }
    at::Tensor value = parameter.value;
    value.copy_(weight);
    weights.erase(found);
  }
  if (!weights.empty()) {
    throw DataError(file.string() + ": holds the tensor " + weights.begin()->first +
                    ", which the model does not have; is it the weights of another architecture?");
  }
}

void write_hub(const Clip& model, const std::filesystem::path& directory) {
  NamedTensors weights;
  for (const NamedParameter& parameter : model.parameters()) {
    weights.emplace_back(parameter.name, parameter.value);
  }
  write_safetensors(directory / kWeightsFile, weights);
  write_file_atomically(directory / kConfigFile, hub_config_json(model.config()));
}

}  // namespace dermatome
