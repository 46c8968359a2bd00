// The tensors of a CLIPModel of transformers as those of open_clip's CLIP.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>

namespace dermatome {

// Whether `tensors` have the names of one of transformers' models with an image and a text tower.
bool are_of_transformers(const std::map<std::string, at::Tensor>& tensors);

struct ClipModelTensors {
  std::map<std::string, at::Tensor> tensors;  // by open_clip's names
  // By open_clip's names: what the file calls them, for messages.
  std::map<std::string, std::string> names;
};

// `tensors`, read from `file`, are those of a CLIPModel; the names tell how many blocks it has.
// Throws DataError naming the file and the tensor for one that is missing or unknown, or whose
// shape makes it no part of open_clip's tensor.
ClipModelTensors from_clip_model(std::map<std::string, at::Tensor> tensors,
                                 const std::string& file);

}  // namespace dermatome
