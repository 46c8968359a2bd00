// The section `objective`: what is optimized. Equations: src/objective/OBJECTIVE.md.
// Field names are YAML keys; src/config/train_config.h reads them.
#pragma once

#include <cstdint>

namespace dermatome {

// Which objective is trained: MAKE's or plain CLIP. kAuto: plain CLIP if `mkcl` and
// `local_alignment` are both false, else MAKE's.
enum class ObjectiveName { kAuto, kMake, kClip };
// kPaper: the definitions as intended, on the global batch. kReleased: what MAKE's released code
// computes on one process, quirks included, to reproduce its checkpoints.
enum class ObjectiveMode { kPaper, kReleased };
// Which captions are negatives in the image-to-text softmaxes: those that exist, or all rows.
enum class Negatives { kValid, kAll };
// Positives of the local term: subcaptions only, or every caption but the raw one.
enum class LocalPositives { kSub, kKnowledge };

struct ObjectiveOptions {
  ObjectiveName name = ObjectiveName::kAuto;        // auto | make | clip
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

// The objective that the options select; never kAuto.
inline ObjectiveName selected_objective(const ObjectiveOptions& options) {
  if (options.name != ObjectiveName::kAuto) return options.name;
  const bool is_clip = !options.mkcl && !options.local_alignment;
  return is_clip ? ObjectiveName::kClip : ObjectiveName::kMake;
}

}  // namespace dermatome
