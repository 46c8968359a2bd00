// The section `model`: architecture, initial weights, precision.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>
#include <string>

namespace dermatome {

enum class Precision { kFp32, kAmpBf16 };

struct ModelOptions {
  // A name in configs/models, such as ViT-B-16, or the path of an open_clip model configuration
  // (JSON).
  std::string architecture;
  // A file of weights, a directory in open_clip's hub layout, a run's directory (its newest
  // checkpoint), or hf-hub:ORGANIZATION/NAME in Hugging Face's cache; empty: random weights.
  std::string pretrained;
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
