// What a run leaves to read: log lines on standard error, and results.jsonl in the run directory,
// one JSON object per line with `step`, `epoch`, `time` (in UTC) and one of
//   `train`: `loss`, the objective's total, every term of it by its name, and the other numbers of
//     a StepReport
//   `validation` and `benchmarks`
//   `changes`: the settings with which the run goes on after this step, if they differ from those
//     before, by key: `before` and `after`, as YAML.
// Only rank 0 makes a RunLog.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "src/config/config_difference.h"

namespace dermatome {

// One logged step.
struct StepReport {
  int64_t step = 0;  // steps done
  int64_t total_steps = 0;
  int64_t epoch = 0;
  int64_t step_in_epoch = 0;
  int64_t steps_per_epoch = 0;
  int64_t global_batch = 0;
  // The objective's values by name: `total` first, then its terms. No term is named like a number
  // below.
  std::vector<std::pair<std::string, double>> values;
  double lr = 0;
  double logit_scale = 0;    // exp of the learned parameter
  double gradient_norm = 0;  // before clipping
  double data_seconds = 0;   // mean wait of a step for its batch
  double step_seconds = 0;   // mean wall time of a step
  double memory_mib = 0;     // the most memory that rank 0 has needed so far, in MiB
};

class RunLog {
 public:
  // Opens <run>/results.jsonl for appending, without what an interrupted run logged after `step`;
  // -1: without anything, because the run starts anew.
  // Throws DataError.
  RunLog(const std::filesystem::path& run_directory, int64_t step);

  // Whether the file holds a validation of `step`.
  bool has_validation(int64_t step) const;

  void step(const StepReport& report);
  // Logs `scores` under the key `validation`, and `benchmarks`, which says what was scored.
  // `seconds`: how long each of the scores took, by its name.
  void validation(int64_t step, int64_t epoch, const nlohmann::json& scores,
                  const nlohmann::json& benchmarks, const std::map<std::string, double>& seconds);
  // Logs that the run goes on with other settings; does nothing if there are none.
  void changes(int64_t step, int64_t epoch, const std::vector<Difference>& changes);

 private:
  void write(nlohmann::json line);

  std::filesystem::path path_;
  std::ofstream file_;
};

}  // namespace dermatome
