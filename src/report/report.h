// `dermatome report`: a run as one HTML file.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

struct ReportOptions {
  std::filesystem::path run;            // the run's directory, which holds config.yaml
  std::vector<std::string> benchmarks;  // YAML files to score the newest checkpoint on
  std::string data;                     // shards to take images from; empty: the run's own
  int64_t images = 6;                   // images with patch maps
};

// Everything that the page shows. What is not there (no step logged, no checkpoint, no shards) is
// named under `missing`, with the way to get it. Throws ConfigError when options.run is no run or a
// benchmark is wrong, DataError when one of the run's files is damaged.
nlohmann::json collect_report(const ReportOptions& options, c10::Device device,
                              Collectives& collectives);

}  // namespace dermatome
