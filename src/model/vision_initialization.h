// The distributions from which the peers draw a new image tower's parameters.
#pragma once

#include <string_view>

#include "src/model/clip_config.h"
#include "src/model/distribution.h"

namespace dermatome {

// Of the image tower's parameter `name`, which is not a fixed embedding of positions.
Distribution vision_distribution(std::string_view name, const ClipConfig& config);

}  // namespace dermatome
