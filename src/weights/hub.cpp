#include "src/weights/hub.h"

#include "src/core/file.h"
#include "src/weights/safetensors.h"

namespace dermatome {

ClipConfig read_hub_config(const std::filesystem::path& directory) {
  return read_clip_config(directory / kConfigFile);
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
