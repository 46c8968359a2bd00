#include "src/train/start_record.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>

#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/process_identity.h"
#include "src/distributed/text_gather.h"
#include "src/run/run_directory.h"
#include "src/run/start_log.h"
#include "src/train/environment.h"
#include "src/train/starting_point.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

// Each rank's place, in rank order. A collective call.
Json places_of_ranks(const TrainingEnvironment& environment) {
  const Json own = {{"host", host_name()},
                    {"device", environment.device.str()},
                    {"threads", at::get_num_threads()}};
  Json all = Json::array();
  for (const std::string& place :
       gather_texts(own.dump(), *environment.collectives, "where ranks run", environment.device)) {
    all.push_back(Json::parse(place));
  }
  return all;
}

}  // namespace

void record_start(const TrainOptions& options, const StartingPoint& start, const RunLength& length,
                  const ShardedDataset& dataset, const Clip& model,
                  const TrainingEnvironment& environment) {
  const Json ranks = places_of_ranks(environment);
  if (environment.collectives->rank() != 0) return;
  log_start(RunDirectory(options).path(), {{"version", environment.binary},
                                           {"libtorch", TORCH_VERSION},
                                           {"step", start.step},
                                           {"checkpoint", start.checkpoint.string()},
                                           {"steps", length.total_steps},
                                           {"samples", dataset.size()},
                                           {"parameters", model.num_parameters()},
                                           {"trained_parameters", model.num_trained_parameters()},
                                           {"config_digest", config_digest(options)},
                                           {"dataset_digest", dataset.digest()},
                                           {"ranks", ranks}});
}

}  // namespace dermatome
