// The identity of a model's weights, and of other tensors.
#pragma once

#include <cstdint>
#include <string>

#include "src/model/clip.h"
#include "src/weights/safetensors.h"

namespace dermatome {

// SHA-256 over every parameter's name, shape and fp32 values: the same for equal weights, from
// whatever file they came.
std::string weights_hash(const Clip& model);

// CRC-32C over every tensor's name, number of elements and values in their own type. It is fast
// enough for every start: 0.1 s for 600 MB on a CPU. From a GPU the tensors are copied one by one.
uint32_t tensors_checksum(const NamedTensors& tensors);

// tensors_checksum() over every parameter.
uint32_t weights_checksum(const Clip& model);

// weights_hash() over the parameters outside the image tower: texts' features need no others.
std::string text_weights_hash(const Clip& model);

}  // namespace dermatome
