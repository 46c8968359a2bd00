// The section `objective`: what is optimized. Equations: src/objective/OBJECTIVE.md.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

#include <cstdint>

namespace dermatome {

enum class ObjectiveName { kAuto, kMake, kClip };
enum class ObjectiveMode { kPaper, kReleased };
enum class Negatives { kValid, kAll };
enum class LocalPositives { kSub, kKnowledge };

struct ObjectiveOptions {
  // Which objective is trained: MAKE's or plain CLIP. auto: plain CLIP if mkcl and local_alignment
  // are both false, else MAKE's.
  ObjectiveName name = ObjectiveName::kAuto;
  // How the objective is computed. paper: the definitions as intended, on the global batch;
  // released: what MAKE's released code computes on one process, quirks included, to reproduce its
  // checkpoints.
  ObjectiveMode mode = ObjectiveMode::kPaper;
  // Which captions are negatives in the image-to-text softmaxes. valid: those that exist; all: all
  // rows.
  Negatives negatives = Negatives::kValid;
  // The positives of the local term. sub: subcaptions only; knowledge: every caption but the raw
  // one.
  LocalPositives positives = LocalPositives::kSub;
  // Whether the vector that SLRA pools from patches is L2-normalized again.
  bool renormalize_local = false;
  // Multi-aspect contrast (MKCL); false: raw captions alone are contrasted.
  bool mkcl = true;
  // Local alignment of subcaptions with image patches (SLRA).
  bool local_alignment = true;
  // Diagnosis-guided weights of subcaptions.
  bool subcaption_weights = true;
  // Subcaptions per sample, J; a sample has 3 + J captions, as its shards must have.
  int64_t num_subcaptions = 8;
  // The weight of MKCL.
  double lambda_m = 1.0;
  // The weight of SLRA.
  double lambda_s = 0.7;
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
