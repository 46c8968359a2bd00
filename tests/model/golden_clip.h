// The recorded tiny CLIP: tests/golden/tiny_clip*, written by PyTorch and open_clip.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "src/model/clip.h"
#include "tests/support/golden.h"

namespace dermatome {

struct GoldenTexts {
  at::Tensor tokens;   // [33, 77], row = sample * 11 + caption
  at::Tensor lengths;  // [33]
};

// The recorded model's configuration; `activation` is "gelu" or "quickgelu".
ClipConfig golden_config(const std::string& activation);
// The model with the recorded weights.
Clip golden_clip(const std::string& activation, CheckpointedBlocks checkpointed = {});
GoldenTexts golden_texts();
const std::map<std::string, at::Tensor>& golden_io();
const nlohmann::ordered_json& golden_json();

}  // namespace dermatome
