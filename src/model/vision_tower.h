// CLIP's image tower: a vision transformer with a class token (open_clip's VisionTransformer).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "src/model/clip_config.h"
#include "src/model/parameter_list.h"
#include "src/model/transformer.h"

namespace dermatome {

class VisionTower {
 public:
  // Adds its parameters, names behind "visual.", to `list`.
  VisionTower(ParameterList& list, const ClipConfig& config);

  // Encodes pixels [B, 3, H, W]. Returns the projected class token, [B, 1, d], or with patches all
  // projected tokens, class token first, [B, 1 + P, d]; not normalized.
  // kept_patches [B, K] int64: the patches of each image that are encoded; undefined: all.
  at::Tensor forward(const at::Tensor& pixels, const at::Tensor& kept_patches, bool with_patches,
                     int64_t checkpointed) const;

  TowerLayers layers() const;

 private:
  // Patch embeddings behind the class token, with positions: [B, 1 + P, W].
  at::Tensor embed(const at::Tensor& pixels) const;

  int64_t patch_size_;
  // Members are in state_dict order, in which they are allocated. W: width, p: patch size.
  at::Tensor class_embedding_;       // [W]
  at::Tensor positional_embedding_;  // [1 + P, W]
  at::Tensor proj_;                  // [W, d]
  at::Tensor conv1_weight_;          // [W, 3, p, p]
  at::Tensor ln_pre_weight_, ln_pre_bias_;
  Transformer transformer_;
  at::Tensor ln_post_weight_, ln_post_bias_;
};

}  // namespace dermatome
