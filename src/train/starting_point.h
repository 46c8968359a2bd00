// Where a run starts: with fresh weights, with pretrained ones, or at its newest checkpoint.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <optional>
#include <string>

#include "src/model/clip.h"
#include "src/train/optimizer.h"

namespace dermatome {

struct TrainOptions;
struct TrainingEnvironment;

// The step of the checkpoint that the run continues from; nullopt: there is none. Rank 0 looks for
// it, so that all ranks continue from the same one. A collective call. Throws what
// find_own_checkpoint() throws; for weights of another model than `config` what check_same_model()
// throws, or check_pretrained() without a checkpoint.
std::optional<int64_t> find_start(const TrainOptions& options, const ClipConfig& config,
                                  const std::string& dataset_digest,
                                  const TrainingEnvironment& environment);

// The model and its optimizer, with what the run starts with.
struct StartingModel {
  // `step`: what find_start() returned. Throws what load_pretrained() and load_checkpoint() throw.
  StartingModel(std::optional<int64_t> step, const TrainOptions& options, const ClipConfig& config,
                c10::Device device);

  Clip model;
  AdamW optimizer;
};

// Loads the weights of model.pretrained, which must be set, into `model`. Throws what
// check_pretrained() and load_weights() throw.
void load_pretrained(Clip& model, const TrainOptions& options);

}  // namespace dermatome
