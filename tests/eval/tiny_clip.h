// The configuration of a model that is small enough to encode with it in tests.
#pragma once

#include "src/model/clip_config.h"

namespace dermatome {

inline ClipConfig tiny_config(int64_t text_layers = 1) {
  ClipConfig config;
  config.embed_dim = 16;
  config.vision = {.image_size = 16, .patch_size = 8, .width = 32, .layers = 1, .head_width = 16};
  config.text.width = 32;
  config.text.heads = 2;
  config.text.layers = text_layers;
  return config;
}

}  // namespace dermatome
