// A learned tensor and its name.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace dermatome {

struct NamedParameter {
  std::string name;  // open_clip's name, for example visual.conv1.weight
  at::Tensor value;  // leaf, requires grad unless it is locked or a buffer
};

}  // namespace dermatome
