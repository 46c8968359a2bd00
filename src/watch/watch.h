// Scores a run's checkpoints as they appear, each once, into RUN/evaluations.jsonl.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/config/model_options.h"

namespace dermatome {

class Collectives;

struct WatchOptions {
  std::string run;                      // its directory, which need not exist yet
  std::vector<std::string> benchmarks;  // YAML files
  std::string select;                   // parse_criterion(); empty: RUN/best is left alone
  double interval_s = 30;               // between looks
  bool once = false;                    // ends when every checkpoint on disk is scored
  int64_t until_step = -1;  // ends when a checkpoint of this step or a later one is scored
  int64_t batch_size = 256;
  Precision precision = Precision::kFp32;
};

// Ends by itself if the options say so, else with a stop signal. A collective call. False on rank 0
// if a benchmark could not score a checkpoint; this is logged, and the next call tries again.
// Throws ConfigError, also while another process watches the run, and on every rank where ranks
// differ in the binary, the benchmarks, batch size, precision or the weights that they loaded; and
// DataError. `version` is the binary's.
bool watch(const WatchOptions& options, const std::string& version, Collectives& collectives,
           c10::Device device);

}  // namespace dermatome
