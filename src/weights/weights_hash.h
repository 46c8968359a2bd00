// The identity of a model's weights.
#pragma once

#include <cstdint>
#include <string>

#include "src/model/clip.h"

namespace dermatome {

// SHA-256 over every parameter's name, shape and fp32 values: the same for equal weights, whatever
// file they came from.
std::string weights_hash(const Clip& model);

// CRC-32C over the same, in the parameters' own type: fast enough for every start, 0.1 s for 150
// million parameters on a CPU; from a GPU, the parameters are copied one by one.
uint32_t weights_checksum(const Clip& model);

// The same as weights_hash() over what features of texts depend on.
std::string text_weights_hash(const Clip& model);

}  // namespace dermatome
