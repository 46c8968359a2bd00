// How a training run reads its data sets.
#pragma once

#include "src/data/loader.h"
#include "src/distributed/collectives.h"
#include "src/model/clip.h"

namespace dermatome {

struct TrainOptions;

// How the loader cuts a data set for this rank. `training`: see LoaderOptions.
LoaderOptions loader_options(const TrainOptions& options, const Clip& model,
                             const Collectives& collectives, bool training);

}  // namespace dermatome
