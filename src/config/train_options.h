// Every setting of a training as plain structs with defaults. Read from YAML by
// src/config/train_config.h, validated once, const afterwards. A field's YAML key is its name, and
// a struct's name is its section's. `dermatome config` prints the comment above each field. Include
// this header only where a whole configuration is used, else the header of the section.
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
  // The run's name and folder; empty: the configuration file's name without its ending.
  std::string name;
  // The folder for runs: the run's files lie in OUTPUT/NAME.
  std::string output = "runs";
  // The seed of initial weights, order of samples, augmentation and patch dropout.
  uint64_t seed = 0;
  // The global batch: samples per step of all ranks together.
  int64_t batch_size = 64;
  // Micro-batches per rank and step: the same result in less memory.
  int64_t accum = 1;
  // Whether the run continues from its newest checkpoint that verifies; false: a run that has
  // checkpoints is refused.
  bool resume = true;
  // What a new run starts with instead of model.pretrained: the newest checkpoint of another run
  // (its folder, or its name if it has the same output), RUN:STEP, or a checkpoint's folder. Empty:
  // none.
  std::string from;
  // Whether `from` also gives the optimizer's state; false: only the weights.
  bool from_optimizer = true;
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
