// The names that transformers' CLIPModel gives the tensors of open_clip's CLIP, and how each of
// them lies in open_clip's tensor: one table for reading and for writing.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

enum class ClipModelForm {
  kSame,
  kTransposed,  // a projection: [d, W] in CLIPModel, [W, d] in open_clip
  // The first, second and last third of the rows of attn.in_proj_weight or attn.in_proj_bias.
  kQuery,
  kKey,
  kValue,
};

struct ClipModelTensor {
  std::string name;       // CLIPModel's, for example vision_model.pre_layrnorm.weight
  std::string open_clip;  // open_clip's, for example visual.ln_pre.weight
  ClipModelForm form = ClipModelForm::kSame;
};

// Every tensor of a CLIPModel whose towers have so many blocks. The three parts of an in_proj
// follow each other, the query first.
std::vector<ClipModelTensor> clip_model_tensors(int64_t image_layers, int64_t text_layers);

// The part of open_clip's tensor `whole` that CLIPModel's tensor of this form is. A view. `whole`
// has two dimensions for kTransposed, and three equal parts along the first for the last three.
at::Tensor clip_model_part(const at::Tensor& whole, ClipModelForm form);

}  // namespace dermatome
