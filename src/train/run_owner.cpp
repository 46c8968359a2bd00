#include "src/train/run_owner.h"

#include "src/config/train_options.h"
#include "src/core/file.h"
#include "src/distributed/own_together.h"
#include "src/run/run_directory.h"
#include "src/train/environment.h"

namespace dermatome {

std::unique_ptr<OwnerFile> own_run(const TrainOptions& options,
                                   const TrainingEnvironment& environment) {
  return own_together(
      [run = RunDirectory(options)] {
        make_directories(run.path());
        return std::make_unique<OwnerFile>(
            run.owner(), OwnerWords{"trained", "wait until it ends, or choose another name"});
      },
      *environment.collectives, environment.device, "the run's owner");
}

}  // namespace dermatome
