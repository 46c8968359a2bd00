#include "src/weights/hub.h"

#include "src/core/file.h"

namespace dermatome {

ClipConfig read_hub_config(const std::filesystem::path& directory) {
  return read_clip_config(directory / kConfigFile);
}

NamedTensors named_tensors(const Clip& model) {
  NamedTensors tensors;
  for (const NamedParameter& parameter : model.parameters()) {
    tensors.emplace_back(parameter.name, parameter.value);
  }
  return tensors;
}

void write_hub(const Clip& model, const std::filesystem::path& directory) {
  write_hub(model.config(), named_tensors(model), directory);
}

void write_hub(const ClipConfig& config, const NamedTensors& weights,
               const std::filesystem::path& directory) {
  write_safetensors(directory / kWeightsFile, weights);
  write_file_atomically(directory / kConfigFile, hub_config_json(config));
}

}  // namespace dermatome
