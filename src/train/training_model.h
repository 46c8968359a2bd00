// The model of a training, built as its settings say.
#pragma once

#include <c10/core/Device.h>

#include "src/model/clip.h"

namespace dermatome {

struct ModelOptions;

// With the blocks checkpointed and the layers locked that `options` name; all parameters are zero.
Clip training_model(const ClipConfig& config, const ModelOptions& options, c10::Device device);

}  // namespace dermatome
