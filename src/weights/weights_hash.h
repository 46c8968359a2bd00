// The identity of a model's weights.
#pragma once

#include <string>

#include "src/model/clip.h"

namespace dermatome {

// SHA-256 over every parameter's name, shape and fp32 values: the same for equal weights, whatever
// file they came from.
std::string weights_hash(const Clip& model);

// The same over what features of texts depend on.
std::string text_weights_hash(const Clip& model);

}  // namespace dermatome
