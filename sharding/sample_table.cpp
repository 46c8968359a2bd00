#include "sharding/sample_table.h"

#include "src/core/text.h"

namespace dermatome {

std::vector<std::string> caption_aspects(int64_t num_subcaptions) {
  std::vector<std::string> aspects = {"caption", "ontology", "visual_concept"};
  for (int64_t k = 1; k <= num_subcaptions; ++k) {
    aspects.push_back(text("subcaption_", k));
  }
  return aspects;
}

}  // namespace dermatome
