#include "src/train/staging.h"

#include <stop_token>

#include "sharding/stage.h"
#include "src/config/train_options.h"
#include "src/config/training_sources.h"
#include "src/core/log.h"
#include "src/train/environment.h"
#include "src/train/work_together.h"

namespace dermatome {

std::optional<std::vector<std::filesystem::path>> staged_training_data(
    const TrainOptions& options, const TrainingEnvironment& environment) {
  const std::vector<std::filesystem::path> sources = training_directories(options.data);
  if (options.data.stage.empty()) return sources;
  const auto stage = [&](const std::stop_token& stop) {
    if (environment.local_rank != 0) return;
    stage_datasets(sources, options.data.stage, static_cast<int>(options.data.workers), stop);
  };
  if (!work_together(environment, "staging", stage)) {
    log_info("the staging of shards was broken off on request; there is no new checkpoint");
    return std::nullopt;
  }
  std::vector<std::filesystem::path> copies;
  copies.reserve(sources.size());
  for (const std::filesystem::path& source : sources) {
    copies.push_back(staged_directory(options.data.stage, read_manifest(source)));
  }
  return copies;
}

}  // namespace dermatome
