// The recorded tiny CLIP: tests/golden/tiny_clip*, written by PyTorch and open_clip.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "src/model/clip.h"

namespace dermatome {

struct GoldenTexts {
  at::Tensor tokens;   // [33, 77], row = sample * 11 + caption
  at::Tensor lengths;  // [33]
};

std::filesystem::path golden_path(const std::string& file);

// "gelu" or "quickgelu".
ClipConfig golden_config(const std::string& activation);
// With the recorded weights.
Clip golden_clip(const std::string& activation, bool gradient_checkpointing = false);
GoldenTexts golden_texts();
const std::map<std::string, at::Tensor>& golden_io();
const nlohmann::ordered_json& golden_json();

// ||a - b|| / ||b||.
double relative_difference(const at::Tensor& a, const at::Tensor& b);

}  // namespace dermatome
