#include "src/weights/foreign/clip_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/quoted.h"
#include "src/core/text.h"
#include "src/weights/foreign/clip_model_names.h"

namespace dermatome {
namespace {

using TensorMap = std::map<std::string, at::Tensor>;

constexpr const char* kAdvice = "; is it a whole CLIPModel of transformers?";

int64_t count_layers(const TensorMap& tensors, const std::string& tower) {
  int64_t layers = 0;
  while (tensors.contains(text(tower, ".encoder.layers.", layers, ".layer_norm1.weight"))) ++layers;
  return layers;
}

// The tensors of CLIPModel that make one of open_clip's.
struct Parts {
  std::vector<std::string> names;
  std::vector<at::Tensor> tensors;
};

at::Tensor join(const Parts& parts, const std::string& file) {
  if (parts.tensors.size() == 1) return parts.tensors.front();
  const at::Tensor& first = parts.tensors.front();
  for (size_t i = 0; i < parts.tensors.size(); ++i) {
    const at::Tensor& part = parts.tensors[i];
    const bool fits = part.dim() > 0 && part.sizes() == first.sizes() &&
                      part.scalar_type() == first.scalar_type();
    if (fits) continue;
    throw DataError(text(file, ": ", parts.names[i], " is ", at::toString(part.scalar_type()), " ",
                         c10::str(part.sizes()), ", which cannot be joined with ",
                         parts.names.front(), ", ", at::toString(first.scalar_type()), " ",
                         c10::str(first.sizes())));
  }
  return at::cat(parts.tensors);
}

}  // namespace

bool are_of_transformers(const TensorMap& tensors) {
  return std::ranges::any_of(tensors, [](const auto& entry) {
    return entry.first.starts_with("vision_model.") || entry.first.starts_with("text_model.");
  });
}

ClipModelTensors from_clip_model(TensorMap tensors, const std::string& file) {
  std::map<std::string, Parts> all;
  for (const ClipModelTensor& each : clip_model_tensors(count_layers(tensors, "vision_model"),
                                                        count_layers(tensors, "text_model"))) {
    const auto node = tensors.extract(each.name);
    if (node.empty()) throw DataError(text(file, ": misses the tensor ", each.name, kAdvice));
    at::Tensor tensor = node.mapped();
    if (each.form == ClipModelForm::kTransposed) {
      if (tensor.dim() != 2) {
        throw DataError(
            text(file, ": ", each.name, " is ", c10::str(tensor.sizes()), ", not a matrix"));
      }
      tensor = tensor.t();
    }
    all[each.open_clip].names.push_back(each.name);
    all[each.open_clip].tensors.push_back(std::move(tensor));
  }
  if (!tensors.empty()) {
    throw DataError(text(file, ": holds the tensor ", quoted(tensors.begin()->first),
                         ", which a CLIPModel with these blocks does not have", kAdvice));
  }
  ClipModelTensors result;
  for (const auto& [name, parts] : all) {
    result.tensors[name] = join(parts, file);
    result.names[name] = joined(parts.names);
  }
  return result;
}

}  // namespace dermatome
