#include "src/objective/create_objective.h"

#include "src/config/objective_options.h"
#include "src/core/error.h"
#include "src/objective/clip_objective.h"
#include "src/objective/make_objective.h"

namespace dermatome {

std::unique_ptr<const Objective> create_objective(const ObjectiveOptions& options) {
  switch (selected_objective(options)) {
    case ObjectiveName::kMake:
      return std::make_unique<MakeObjective>(options);
    case ObjectiveName::kClip:
      return std::make_unique<ClipObjective>(options);
    case ObjectiveName::kAuto:
      break;  // is never selected
  }
  throw InternalError("internal error: no objective is selected");
}

}  // namespace dermatome
