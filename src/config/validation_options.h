// The section `validation`: what is measured during a training, and when.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

enum class ValidationFailure { kReport, kFail };

struct ValidationOptions {
  // Validation takes place after every so many epochs; 0: not by epochs.
  int64_t every_epochs = 1;
  // Validation takes place after every so many steps; 0: not by steps.
  int64_t every_steps = 0;
  // Whether validation also takes place before the first step.
  bool at_start = true;
  // What a benchmark that cannot be scored, or damage in data.validation, leads to. report: an
  // error in the log; fail: the end of the run.
  ValidationFailure on_failure = ValidationFailure::kReport;
  // The YAML files of the benchmarks that are scored.
  std::vector<std::string> benchmarks;
  // Images (or texts) per rank that are encoded together.
  int64_t batch_size = 256;

  bool operator==(const ValidationOptions&) const = default;
};

}  // namespace dermatome
