// timm's vision transformers as open_clip's TimmModel wraps them: what vision_cfg.timm_model_name
// stands for.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

#include "src/core/strict_json.h"
#include "src/model/vision_config.h"

namespace dermatome {

// Reads a vision_cfg that has timm_model_name. A name stands for one size of images, which
// image_size cannot change. timm_pool and timm_proj decide, as in TimmModel:
//
//   timm_proj         timm_pool    pooled        final norm     head
//   linear, mlp       "", token    class token   norm           head.proj, head.mlp
//   linear, mlp       avg          mean          norm, before   head.proj, head.mlp
//   "", null          token        class token   norm           trunk.head, with bias
//   "", null          avg          mean          fc_norm, after trunk.head, with bias
//   none              token, avg   as with ""                   none
//
// Throws DataError naming file and key for what is not implemented; for another model the message
// lists those that are.
VisionConfig read_timm_vision(JsonObject section, int64_t embed_dim);
nlohmann::ordered_json timm_vision_json(const VisionConfig& config);

}  // namespace dermatome
