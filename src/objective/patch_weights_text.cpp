#include "src/objective/patch_weights_text.h"

#include "src/config/objective_options.h"
#include "src/core/text.h"

namespace dermatome {

PatchWeightsText describe_patch_weights(const ObjectiveOptions& options) {
  PatchWeightsText result;
  result.formula = text("Cosines of the patches with the caption, 0 below sigma (", options.sigma,
                        " in this run), divided by their norm");
  if (!options.local_alignment) {
    result.notes.push_back(
        "This run trained without local alignment (`objective.local_alignment: false`): nothing "
        "used these patch weights. They show what it would have taken.");
  } else if (options.mode == ObjectiveMode::kReleased) {
    result.notes.push_back(
        "This run trained in mode `released`, which selects patches by another row of the batch "
        "than the image's own raw caption. The weights shown are those of its own, which training "
        "did not use.");
  }
  return result;
}

}  // namespace dermatome
