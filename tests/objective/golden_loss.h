// The recorded values of the loss (tests/golden/README.md), for every case and variant.
#pragma once

#include <string>
#include <vector>

#include "tests/objective/whole_batch.h"

namespace dermatome {

struct GoldenLoss {
  std::string name;  // for example base.sub.all.renorm, or base.released
  WholeBatch batch;  // float64
  NamedValues expected;
};

std::vector<GoldenLoss> golden_losses();

}  // namespace dermatome
