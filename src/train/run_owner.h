// One process, rank 0, trains a run at a time.
#pragma once

#include <memory>

#include "src/core/owner_file.h"

namespace dermatome {

struct TrainOptions;
struct TrainingEnvironment;

// Creates the run's directory and owns it on rank 0, for the life of the object; null on the other
// ranks. A collective call: it may take as long as rank 0 waits for a sign of life from another
// machine. Throws what OwnerFile's constructor throws.
std::unique_ptr<OwnerFile> own_run(const TrainOptions& options,
                                   const TrainingEnvironment& environment);

}  // namespace dermatome
