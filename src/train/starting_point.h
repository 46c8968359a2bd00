// Where a run starts: with fresh weights, with pretrained ones, with those of another run, or at
// its newest checkpoint.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/config/config_difference.h"
#include "src/model/clip.h"
#include "src/train/optimizer.h"
#include "src/train/run_length.h"

namespace dermatome {

struct TrainOptions;
struct TrainingEnvironment;

struct StartingPoint {
  int64_t step = 0;        // steps of this run that are done
  bool continues = false;  // whether `checkpoint` is the run's own
  // Its weights are loaded, and its optimizer's state if `continues` or from_optimizer says so.
  // Empty: there is none, so `pretrained` decides.
  std::filesystem::path checkpoint;
  // What find_weights() finds for model.pretrained; empty: the weights are random.
  std::filesystem::path pretrained;
  // The warm-up with which the run goes on, in steps; -1: that of the options.
  int64_t warmup = -1;
  // Of the settings since the run's own checkpoint; rank 0 only.
  std::vector<Difference> changes;

  // Whether a run of this length is at its end: no step is left to train.
  bool is_finished(const RunLength& length) const {
    return continues && step >= length.total_steps;
  }
};

// Rank 0 looks, so that all ranks start from the same checkpoint. A collective call. Throws what
// find_own_checkpoint() and find_origin() throw; for weights of another model than `config` what
// check_same_model() or check_pretrained() throws.
StartingPoint find_start(const TrainOptions& options, const ClipConfig& config,
                         const std::string& dataset_digest, const RunLength& length,
                         const TrainingEnvironment& environment);

// The model and its optimizer, with what the run starts with.
struct StartingModel {
  // Throws what load_weights() and load_checkpoint() throw.
  StartingModel(const StartingPoint& start, const TrainOptions& options, const ClipConfig& config,
                c10::Device device);

  Clip model;
  AdamW optimizer;
  // How many trained parameters were locked in the run of the checkpoint, so that it holds no
  // optimizer's state of them: theirs is 0.
  int64_t num_without_state = 0;
};

// Logs where the run starts, unless it is a new one from the beginning, and what the text tower's
// training leaves out. `run`: its directory.
void log_starting_point(const StartingPoint& start, const StartingModel& starting,
                        const RunLength& length, const std::filesystem::path& run);

// Loads the weights of model.pretrained and model.pretrained_text, where they are set, into
// `model`. Throws what check_pretrained(), load_weights() and load_text_weights() throw.
void load_pretrained(Clip& model, const TrainOptions& options);

// Checks that the checkpoint of the key `from` fits the model `config`. Throws what
// check_same_model() or check_pretrained() throws.
void check_origin(const ClipConfig& config, const TrainOptions& options,
                  const std::filesystem::path& checkpoint);

}  // namespace dermatome
