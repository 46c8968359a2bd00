// The section `objective`: what is optimized. Equations: src/objective/OBJECTIVE.md.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>

namespace dermatome {

// kPaper: the definitions as intended, on the global batch. kReleased: what MAKE's released code
// computes on one process, quirks included, to reproduce its checkpoints.
enum class ObjectiveMode { kPaper, kReleased };
// Which captions are negatives in the image-to-text softmaxes: those that exist, or all rows.
enum class Negatives { kValid, kAll };
// Positives of the local term: subcaptions only, or every caption but the raw one.
enum class LocalPositives { kSub, kKnowledge };

// If `mkcl` and `local_alignment` are both false, the objective is plain CLIP, else it is MAKE's:
// create_objective() in src/objective/create_objective.h.
struct ObjectiveOptions {
  ObjectiveMode mode = ObjectiveMode::kPaper;       // paper | released
  Negatives negatives = Negatives::kValid;          // valid | all
  LocalPositives positives = LocalPositives::kSub;  // sub | knowledge
  bool renormalize_local = false;                   // L2-normalize SLRA's pooled vector
  bool mkcl = true;                                 // false: contrast raw captions alone
  bool local_alignment = true;                      // SLRA
  bool subcaption_weights = true;                   // diagnosis-guided weights
  int64_t num_subcaptions = 8;                      // J; N = 3 + J captions per sample
  double lambda_m = 1.0;                            // weight of MKCL
  double lambda_s = 0.7;                            // weight of SLRA
  // SLRA selects only patches whose cosine with the raw caption is at least this.
  double sigma = 0.0;

  bool operator==(const ObjectiveOptions&) const = default;
};

}  // namespace dermatome
