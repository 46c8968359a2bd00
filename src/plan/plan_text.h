// A plan as text for people and as JSON for programs.
#pragma once

#include <string>

#include "src/plan/run_plan.h"

namespace dermatome {

struct TrainOptions;

// Several lines.
std::string plan_text(const RunPlan& plan, const TrainOptions& options,
                      const PlannedDevice& device);

// One JSON object, indented.
std::string plan_json(const RunPlan& plan, const PlannedDevice& device);

}  // namespace dermatome
