#include "tests/model/golden_clip.h"

#include <ATen/ATen.h>

#include "src/weights/weights.h"

namespace dermatome {

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

Clip golden_clip(const std::string& activation, CheckpointedBlocks checkpointed) {
  Clip clip(golden_config(activation), at::kCPU, checkpointed);
  load_weights(clip, golden_path("tiny_clip_state.safetensors"));
  return clip;
}

GoldenTexts golden_texts() {
  const at::Tensor tokens = golden_io().at("text").flatten(0, 1).to(at::kLong);
  return {.tokens = tokens, .lengths = tokens.argmax(1) + 1};  // end-of-text has the largest id
}

const std::map<std::string, at::Tensor>& golden_io() {
  static const auto io = read_golden_tensors("tiny_clip_io.safetensors");
  return io;
}

const nlohmann::ordered_json& golden_json() {
  static const auto document = read_golden_json("tiny_clip.json");
  return document;
}

}  // namespace dermatome
