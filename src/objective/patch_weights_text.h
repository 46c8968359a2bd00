// What a page that shows patch_weights() must tell its reader about them, for one run.
#pragma once

#include <string>
#include <vector>

namespace dermatome {

struct ObjectiveOptions;

struct PatchWeightsText {
  std::string formula;             // how the weights come from the cosines
  std::vector<std::string> notes;  // where the run's training used other weights, or none
};

PatchWeightsText describe_patch_weights(const ObjectiveOptions& options);

}  // namespace dermatome
