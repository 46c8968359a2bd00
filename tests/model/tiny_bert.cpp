#include "tests/model/tiny_bert.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <unistd.h>

#include <filesystem>

#include "src/core/file.h"
#include "src/core/strict_json.h"
#include "src/core/text.h"
#include "tests/support/golden.h"

namespace dermatome {

ClipConfig tiny_bert_config(const std::string& name) {
  const nlohmann::json document = read_golden_json("tiny_bert.json");
  const nlohmann::json& recorded = document.at("cases").at(name);
  ClipConfig config;
  config.embed_dim = document.at("embed_dim");
  config.vision = {.image_size = 8, .patch_size = 4, .width = 8, .layers = 1, .head_width = 4};
  config.text = read_text_config(JsonObject("tiny_bert.json", "text_cfg", recorded.at("text_cfg")));
  const std::filesystem::path file =
      std::filesystem::temp_directory_path() / text("dermatome_tiny_bert.", ::getpid(), ".json");
  write_file_atomically(file, recorded.at("config").dump());
  read_bert_numbers(file, config.text);
  std::filesystem::remove(file);
  return config;
}

Clip tiny_bert(const std::string& name, CheckpointedBlocks checkpointed) {
  Clip clip(tiny_bert_config(name), at::kCPU, checkpointed);
  const auto tensors = tiny_bert_tensors(name);
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : clip.parameters()) {
    if (!parameter.name.starts_with("text.")) continue;
    at::Tensor value = parameter.value;
    value.copy_(tensors.at(text("weight.", parameter.name)));
  }
  return clip;
}

std::map<std::string, at::Tensor> tiny_bert_tensors(const std::string& name) {
  std::map<std::string, at::Tensor> own;
  for (const auto& [full_name, tensor] : read_golden_tensors("tiny_bert.safetensors")) {
    if (full_name.starts_with(name + ".")) own.emplace(full_name.substr(name.size() + 1), tensor);
  }
  return own;
}

}  // namespace dermatome
