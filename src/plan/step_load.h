// How much a training step has to work on: what its memory and its arithmetic depend on in addition
// to the model.
#pragma once

#include <cstdint>

#include "sharding/dataset.h"
#include "src/model/clip_config.h"
#include "src/objective/objective.h"

namespace dermatome {

class TextTower;
struct ObjectiveOptions;
struct TrainOptions;

// The texts of a number of samples.
struct TextLoad {
  double texts = 0;      // distinct ones
  double rows = 0;       // tokens that are encoded; in a causal tower, distinct beginnings of texts
  double positions = 0;  // places of the tokens in attention, padding included
};

// A rank's part of a step, and of what happens between steps.
struct StepLoad {
  int64_t ranks = 1;
  int64_t images = 0;             // per rank
  int64_t tokens_per_image = 0;   // class token and the patches that are kept
  TextLoad texts;                 // of a rank
  int64_t num_samples = 0;        // of the training data; 0: not known
  int64_t validation_images = 0;  // in the largest encode call that a rank makes for a benchmark
};

// The mean load of `num_samples` samples, over the first few batches of that size in the training's
// order of `dataset`. `options` say which captions become texts, and into how many micro-batches
// the texts are split, each of which `tower` packs for itself.
TextLoad measure_texts(const ShardedDataset& dataset, const TrainOptions& options,
                       const TextTower& tower, int64_t num_samples);

// The load of MAKE's published table: 3.4 distinct texts of 20 tokens per sample, or 1 if the
// objective reads raw captions only. (Modes that contrast with missing captions add two short
// texts.)
TextLoad assumed_texts(const ObjectiveOptions& objective, int64_t num_samples);

// What the objective works on in a step.
ObjectiveLoad objective_load(const ClipConfig& config, const StepLoad& load);

int64_t tokens_per_image(const VisionConfig& vision, double patch_dropout);

}  // namespace dermatome
