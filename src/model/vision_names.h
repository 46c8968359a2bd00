// What each family of image towers calls its parameters.
#pragma once

#include <string>
#include <vector>

#include "src/model/block_names.h"
#include "src/model/vision_config.h"

namespace dermatome {

// A layer or norm NAME has the parameters NAME.weight and, if it has a bias, NAME.bias.
struct VisionNames {
  std::string class_token;
  std::string positions;
  // The class token is [1, 1, W] and the positions are [1, 1 + P, W], instead of [W] and
  // [1 + P, W].
  bool has_batch_axis = false;
  std::string matrix;  // of ImageHead::kMatrix
  std::string patch;
  std::string pre_norm;
  std::string blocks;  // block i has parameters BLOCKSi.NAME
  BlockNames block;
  std::string final_norm;
  std::vector<std::string> head;  // the layers of other heads
};

VisionNames vision_names(const VisionConfig& config);

}  // namespace dermatome
