// The one place that knows the classes of the objectives.
#pragma once

#include <memory>

#include "src/objective/objective.h"

namespace dermatome {

struct ObjectiveOptions;

// The objective that selected_objective() (src/config/objective_options.h) names.
std::unique_ptr<const Objective> create_objective(const ObjectiveOptions& options);

}  // namespace dermatome
