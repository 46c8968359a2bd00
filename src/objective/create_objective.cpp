#include "src/objective/create_objective.h"

#include "src/config/objective_options.h"
#include "src/objective/clip_objective.h"
#include "src/objective/make_objective.h"

namespace dermatome {

std::unique_ptr<const Objective> create_objective(const ObjectiveOptions& options) {
  if (!options.mkcl && !options.local_alignment) return std::make_unique<ClipObjective>(options);
  return std::make_unique<MakeObjective>(options);
}

}  // namespace dermatome
