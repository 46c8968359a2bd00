// The section `validation`: what is measured during a training, and when.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

enum class ValidationFailure { kReport, kFail };

struct ValidationOptions {
  int64_t every_epochs = 1;  // 0: not by epochs
  int64_t every_steps = 0;   // 0: not by steps
  bool at_start = true;      // also before the first step
  // What a benchmark that cannot be scored, or damage in data.validation, leads to: the end of the
  // run, or only a report.
  ValidationFailure on_failure = ValidationFailure::kReport;  // report | fail
  std::vector<std::string> benchmarks;                        // benchmark YAML files
  int64_t batch_size = 256;  // images (or texts) per rank and encode call

  bool operator==(const ValidationOptions&) const = default;
};

}  // namespace dermatome
