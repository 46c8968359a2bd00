#include "src/weights/hub.h"

#include "src/core/file.h"
#include "src/text/read_tokenizer.h"
#include "src/weights/description.h"

namespace dermatome {

ClipConfig read_hub_config(const std::filesystem::path& directory) {
  return read_description(directory / kConfigFile);
}

NamedTensors named_tensors(const Clip& model) {
  NamedTensors tensors;
  for (const NamedParameter& parameter : model.parameters()) {
    tensors.emplace_back(parameter.name, parameter.value);
  }
  return tensors;
}

void write_hub(const Clip& model, const std::filesystem::path& directory,
               const Tokenizer* tokenizer) {
  write_hub(model.config(), named_tensors(model), directory);
  if (tokenizer != nullptr) write_tokenizer_files(*tokenizer, directory);
}

void write_hub(const ClipConfig& config, const NamedTensors& weights,
               const std::filesystem::path& directory) {
  write_safetensors(directory / kWeightsFile, weights);
  write_file_atomically(directory / kConfigFile, hub_config_json(config));
  if (config.text.bert) {
    write_file_atomically(directory / kTransformersConfig, bert_numbers_json(config.text));
  }
}

}  // namespace dermatome
