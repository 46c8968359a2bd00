#include "tests/model/golden_clip.h"

#include <ATen/ATen.h>

#include "src/core/file.h"
#include "src/model/hub.h"
#include "src/model/safetensors.h"

namespace dermatome {

std::filesystem::path golden_path(const std::string& file) {
  return std::filesystem::path(DERMATOME_SOURCE_DIR "/tests/golden") / file;
}

ClipConfig golden_config(const std::string& activation) {
  const nlohmann::ordered_json& config = golden_json().at("config");
  const nlohmann::ordered_json& vision = config.at("vision_cfg");
  const nlohmann::ordered_json& text = config.at("text_cfg");
  ClipConfig result;
  result.embed_dim = config.at("embed_dim");
  result.quick_gelu = activation == "quickgelu";
  result.vision.image_size = vision.at("image_size");
  result.vision.layers = vision.at("layers");
  result.vision.width = vision.at("width");
  result.vision.head_width = vision.at("head_width");
  result.vision.patch_size = vision.at("patch_size");
  result.text.context_length = text.at("context_length");
  result.text.vocab_size = text.at("vocab_size");
  result.text.width = text.at("width");
  result.text.heads = text.at("heads");
  result.text.layers = text.at("layers");
  return result;
}

Clip golden_clip(const std::string& activation, bool gradient_checkpointing) {
  Clip clip(golden_config(activation), at::kCPU, gradient_checkpointing);
  load_weights(clip, golden_path("tiny_clip_state.safetensors"));
  return clip;
}

GoldenTexts golden_texts() {
  const at::Tensor tokens = golden_io().at("text").flatten(0, 1).to(at::kLong);
  return {.tokens = tokens, .lengths = tokens.argmax(1) + 1};  // end-of-text has the largest id
}

const std::map<std::string, at::Tensor>& golden_io() {
  static const auto io = read_safetensors(golden_path("tiny_clip_io.safetensors"));
  return io;
}

const nlohmann::ordered_json& golden_json() {
  static const auto document =
      nlohmann::ordered_json::parse(read_file(golden_path("tiny_clip.json")));
  return document;
}

double relative_difference(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor difference = a.detach().to(at::kDouble) - b.detach().to(at::kDouble);
  return (difference.norm() / b.detach().to(at::kDouble).norm()).item<double>();
}

}  // namespace dermatome
