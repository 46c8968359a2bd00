// Derives the architecture of a CLIP model from the shapes of its weights.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

#include "src/model/clip_config.h"

namespace dermatome {

// `tensors` have open_clip's names and were read from `file` (for messages). What shapes do not
// tell is as in OpenAI's models: heads of width 64 in both towers, and the preprocessing;
// quick_gelu is left false. Throws DataError if the tensors are not those of a CLIP model with a
// vision transformer, or if a tower's width is not a multiple of 64.
ClipConfig config_of_shapes(const std::map<std::string, at::Tensor>& tensors,
                            const std::string& file);

}  // namespace dermatome
