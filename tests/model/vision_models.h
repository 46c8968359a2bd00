// Tiny models with each kind of image tower, and weights in which every parameter matters.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "src/model/clip.h"

namespace dermatome {

// A model with a tiny text tower and the image tower that `vision_cfg` describes.
ClipConfig config_with_vision(const nlohmann::json& vision_cfg);

// open_clip's kind with images of 24 pixels in patches of 8, width 48, and these options.
ClipConfig tiny_open_clip(const nlohmann::json& options);
// PanDerm's and timm's definitions at the same size, with two blocks. timm's with these options.
ClipConfig tiny_panderm();
ClipConfig tiny_timm(const nlohmann::json& options);

// A new model, to whose trained parameters waves are added: no gain is 1 and no bias is 0.
Clip waved_model(const ClipConfig& config, CheckpointedBlocks checkpointed = {});

// [batch, 3, side, side], different in all places.
at::Tensor waved_pixels(const ClipConfig& config, int64_t batch);

}  // namespace dermatome
