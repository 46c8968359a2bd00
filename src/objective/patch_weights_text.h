// What a page that shows an objective's patch weights must tell its reader about them.
#pragma once

#include <string>
#include <vector>

namespace dermatome {

struct ObjectiveOptions;

struct PatchWeightsText {
  std::string formula;             // how the weights come from the cosines
  std::vector<std::string> notes;  // where the run's training used other weights, or none
};

// For the weights of patch_weights() (local_attention.h).
PatchWeightsText describe_patch_weights(const ObjectiveOptions& options);

}  // namespace dermatome
