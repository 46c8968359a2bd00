// The options of a linear probe.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/config/model_options.h"
#include "src/eval/logistic_regression.h"
#include "src/weights/model_hints.h"

namespace dermatome {

struct ProbeOptions {
  // Benchmark files (YAML) of kind classification.
  std::string train;
  std::string validation;  // of role validation, to choose C by; empty: none
  std::vector<std::string> tests;

  std::vector<std::string> c = {"0.316"};  // numbers or "auto"; CLIP's published example
  double held_out = 0.2;                   // share of the training set to choose C by
  Penalty penalty = Penalty::kSquared;
  bool normalize = false;  // features to length 1

  std::vector<int64_t> shots;
  std::vector<double> fractions;
  int64_t repetitions = 5;  // draws of each amount of samples
  uint64_t seed = 0;        // of the draws

  int64_t batch_size = 256;
  Precision precision = Precision::kFp32;
  ModelHints hints;  // about checkpoints that no file describes
};

}  // namespace dermatome
