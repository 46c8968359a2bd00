// The one place that knows which objectives there are.
#pragma once

#include <memory>

#include "src/objective/objective.h"

namespace dermatome {

struct ObjectiveOptions;

// Plain CLIP where `mkcl` and `local_alignment` are both false, otherwise MAKE's objective.
std::unique_ptr<const Objective> create_objective(const ObjectiveOptions& options);

}  // namespace dermatome
