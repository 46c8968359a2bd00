// The image tower: a vision transformer with a class token (open_clip's and timm's
// VisionTransformer, PanDerm's encoder), as VisionConfig describes it.
//
// The embedding of an image is that of its pooled token: the class token, or the mean of the
// patches' tokens, of the last block, normalized before or after pooling or both, then mapped by
// the head. For local alignment every patch has an embedding too: what the head would give if this
// patch's token alone were pooled. So the final norm and the head apply to it as to the pooled
// token: visual.ln_post and visual.proj in open_clip's own towers; visual.trunk.norm (or fc_norm)
// and visual.head.proj (or trunk.head, or head.mlp) in timm's; visual.norm twice and visual.head in
// PanDerm.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/model/clip_config.h"
#include "src/model/parameter_list.h"
#include "src/model/transformer.h"
#include "src/model/vision_names.h"

namespace dermatome {

class VisionTower {
 public:
  // Adds its parameters (vision_names.h) to `list`.
  VisionTower(ParameterList& list, const ClipConfig& config);

  // Encodes pixels [B, 3, H, W]. Returns the image's embedding, [B, 1, d], or with patches also
  // theirs, behind it, [B, 1 + P, d]; not normalized.
  // kept_patches [B, K] int64: the patches of each image that are encoded; undefined: all.
  at::Tensor forward(const at::Tensor& pixels, const at::Tensor& kept_patches, bool with_patches,
                     int64_t checkpointed) const;

  TowerLayers layers() const;

 private:
  // A layer or a norm; undefined where the tower has none.
  struct Layer {
    at::Tensor weight, bias;
  };

  VisionTower(ParameterList& list, const ClipConfig& config, const VisionNames& names);
  static Layer add_layer(ParameterList& list, const std::string& name, at::IntArrayRef weight,
                         bool has_bias = true);
  static std::vector<Layer> add_head(ParameterList& list, const ClipConfig& config,
                                     const VisionNames& names);

  // Patch embeddings behind the class token, with positions: [B, 1 + P, W].
  at::Tensor embed(const at::Tensor& pixels) const;
  at::Tensor normalize(const at::Tensor& tokens, const Layer& norm) const;
  // From the last block's rows, [B * length, W] or those of class tokens, the tokens that the head
  // maps: of each image the pooled token, and with patches those of patches behind it.
  at::Tensor pool(at::Tensor tokens, int64_t batch, int64_t length, bool with_patches) const;
  at::Tensor map_to_embedding(at::Tensor tokens) const;

  VisionConfig config_;
  int64_t embed_dim_;
  // Members are in state_dict order, in which they are allocated. W: width, p: patch size.
  at::Tensor class_token_;  // [W] or [1, 1, W]
  at::Tensor positions_;    // [1 + P, W] or [1, 1 + P, W]
  at::Tensor matrix_;       // [W, d], of ImageHead::kMatrix
  Layer patch_;             // [W, 3, p, p]
  Layer pre_norm_;
  Transformer transformer_;
  Layer final_norm_;
  std::vector<Layer> head_;  // of other heads
};

}  // namespace dermatome
