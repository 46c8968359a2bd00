// The architecture of a CLIP model, told from the shapes of its weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "src/model/clip_config.h"

namespace dermatome {

// Of `tensors` by open_clip's names, read from `file` (for messages). What shapes do not tell is as
// in OpenAI's models: heads of width 64 in both towers, its preprocessing; quick_gelu is left
// false. Throws DataError for what is no CLIP model with a vision transformer, or has a width that
// is no multiple of 64.
ClipConfig config_of_shapes(const std::map<std::string, at::Tensor>& tensors,
                            const std::string& file);

}  // namespace dermatome
