// Every setting of a training as plain structs with defaults. Read from YAML by
// src/config/train_config.h, validated once, const afterwards. A field's YAML key is its name, and
// a struct's name is its section's. Include this header only where a whole configuration is
// used, else the header of the section.
#pragma once

#include <cstdint>
#include <string>

#include "src/config/augmentation_options.h"
#include "src/config/checkpoint_options.h"
#include "src/config/data_options.h"
#include "src/config/model_options.h"
#include "src/config/objective_options.h"
#include "src/config/optimizer_options.h"
#include "src/config/runtime_options.h"
#include "src/config/schedule_options.h"
#include "src/config/validation_options.h"

namespace dermatome {

struct TrainOptions {
  std::string name;             // the run's name and folder; empty: the configuration file's stem
  std::string output = "runs";  // the run's files: <output>/<name>/
  uint64_t seed = 0;
  int64_t batch_size = 64;  // global: over all ranks
  int64_t accum = 1;        // micro-batches per rank and step: the same result in less memory
  bool resume = true;       // continue from the run's newest checkpoint that verifies
  // A new run starts with the weights of another run: its directory (or its name, where `output` is
  // the same), RUN:STEP, or a checkpoint's directory. Empty: with those of `model.pretrained`.
  std::string from;
  bool from_optimizer = true;  // `from`: also with the optimizer's state
  ModelOptions model;
  DataOptions data;
  AugmentationOptions augmentation;
  ObjectiveOptions objective;
  OptimizerOptions optimizer;
  ScheduleOptions schedule;
  CheckpointOptions checkpoint;
  ValidationOptions validation;
  RuntimeOptions runtime;

  bool operator==(const TrainOptions&) const = default;
};

}  // namespace dermatome
