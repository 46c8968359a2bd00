#include "src/weights/weights_hash.h"

#include <ATen/ATen.h>

#include <cstddef>
#include <span>

#include "src/core/hash.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::string hash_of(const Clip& model, bool text_only) {
  Sha256 hash;
  for (const auto& parameter : model.parameters()) {
    if (text_only && parameter.name.starts_with("visual.")) continue;
    const at::Tensor values = parameter.value.detach().to(at::kCPU, at::kFloat).contiguous();
    hash.update(parameter.name + " ");
    for (const int64_t size : values.sizes()) hash.update(text(size, " "));
    hash.update(std::as_bytes(
        std::span(values.const_data_ptr<float>(), static_cast<size_t>(values.numel()))));
  }
  return hash.finish();
}

}  // namespace

std::string weights_hash(const Clip& model) { return hash_of(model, /*text_only=*/false); }

uint32_t tensors_checksum(const NamedTensors& tensors) {
  uint32_t checksum = 0;
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor values = tensor.detach().to(at::kCPU).contiguous();
    const std::string title = text(name, " ", values.numel(), " ");
    checksum = crc32c(std::as_bytes(std::span(title)), checksum);
    checksum =
        crc32c({static_cast<const std::byte*>(values.const_data_ptr()), values.nbytes()}, checksum);
  }
  return checksum;
}

uint32_t weights_checksum(const Clip& model) {
  NamedTensors weights;
  for (const auto& parameter : model.parameters()) {
    weights.emplace_back(parameter.name, parameter.value);
  }
  return tensors_checksum(weights);
}

std::string text_weights_hash(const Clip& model) { return hash_of(model, /*text_only=*/true); }

}  // namespace dermatome
