#include "src/train/run_owner.h"

#include <ATen/ATen.h>

#include <chrono>
#include <future>

#include "src/config/train_options.h"
#include "src/core/file.h"
#include "src/distributed/wait_together.h"
#include "src/run/run_directory.h"
#include "src/train/environment.h"

namespace dermatome {

std::unique_ptr<OwnerFile> own_run(const TrainOptions& options,
                                   const TrainingEnvironment& environment) {
  std::future<std::unique_ptr<OwnerFile>> owner;
  if (environment.collectives->rank() == 0) {
    owner = std::async(std::launch::async, [run = RunDirectory(options)] {
      make_directories(run.path());
      return std::make_unique<OwnerFile>(
          run.owner(), OwnerWords{"trained", "wait until it ends, or choose another name"});
    });
  }
  wait_together(
      *environment.collectives, environment.device,
      [&owner] { return owner.wait_for(std::chrono::seconds(1)) == std::future_status::ready; },
      "the run's owner");
  return owner.valid() ? owner.get() : nullptr;
}

}  // namespace dermatome
