// The model that a configuration describes.
#pragma once

#include "src/config/model_options.h"
#include "src/model/clip_config.h"

namespace dermatome {

// What model.architecture names, with the activation that model.quick_gelu asks for; a log line
// says where the two differ. Throws what read_architecture() throws.
ClipConfig configured_model(const ModelOptions& options);

}  // namespace dermatome
