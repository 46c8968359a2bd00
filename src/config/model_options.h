// The section `model`: architecture, initial weights, precision.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>
#include <string>

namespace dermatome {

enum class Precision { kFp32, kAmpBf16 };

struct ModelOptions {
  std::string architecture;  // path of an open_clip model configuration (JSON)
  std::string pretrained;    // hub-layout directory or file of weights; empty: random weights
  Precision precision = Precision::kFp32;  // fp32 | amp_bf16
  // Activation checkpointing: how many of a tower's blocks, counted from the first, are computed
  // again in the backward pass instead of keeping their activations; -1: all. The result is the
  // same.
  int64_t checkpointed_image_blocks = 0;
  int64_t checkpointed_text_blocks = 0;
  double patch_dropout = 0;  // share of an image's patches that training leaves out at random

  bool operator==(const ModelOptions&) const = default;
};

}  // namespace dermatome
