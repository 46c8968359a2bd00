// Texts of different lengths between ranks.
#pragma once

#include <string>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

// Every rank's `text`, in rank order. A collective call; `group` carries CPU tensors. `what` names
// the texts in errors.
std::vector<std::string> gather_texts(const std::string& text, Collectives& group,
                                      const std::string& what);

}  // namespace dermatome
