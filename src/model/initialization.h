// The first values of a new model's parameters, from the distributions from which the peers draw
// them.
#pragma once

#include <cstdint>
#include <vector>

#include "src/model/clip_config.h"
#include "src/model/named_parameter.h"

namespace dermatome {

// Overwrites `parameters` of a Clip. Element e of parameter i is a function of (seed, i, e) alone:
// the same on every rank, device and number of threads.
void initialize_parameters(const std::vector<NamedParameter>& parameters, const ClipConfig& config,
                           uint64_t seed);

}  // namespace dermatome
