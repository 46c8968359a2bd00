#include "src/weights/hub.h"

#include "src/core/file.h"
#include "src/text/read_tokenizer.h"
#include "src/weights/description.h"
#include "src/weights/safetensors.h"

namespace dermatome {

ClipConfig read_hub_config(const std::filesystem::path& directory) {
  return read_description(directory / kConfigFile);
}

void write_hub(const Clip& model, const std::filesystem::path& directory,
               const Tokenizer* tokenizer) {
  NamedTensors weights;
  for (const NamedParameter& parameter : model.parameters()) {
    weights.emplace_back(parameter.name, parameter.value);
  }
  write_safetensors(directory / kWeightsFile, weights);
  write_file_atomically(directory / kConfigFile, hub_config_json(model.config()));
  if (model.config().text.bert) {
    write_file_atomically(directory / kTransformersConfig, bert_numbers_json(model.config().text));
  }
  if (tokenizer != nullptr) write_tokenizer_files(*tokenizer, directory);
}

}  // namespace dermatome
