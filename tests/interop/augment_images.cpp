// augment_images IN OUT: augments images with given parameters, for augmentation_test.py.
//
// For every name, IN has NAME.image uint8 [height, width, 3], NAME.crop int64 [left, top, width,
// height], NAME.operations int64 [k] (values of ColorOperation), NAME.amounts float64 [k] and
// NAME.settings int64 [size, gray]; OUT has NAME, uint8 [3, size, size].
#include <ATen/Functions.h>

#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "src/data/augmentation.h"
#include "src/weights/safetensors.h"

namespace dermatome {
namespace {

constexpr std::string_view kImage = ".image";

Image image_of(const at::Tensor& pixels) {
  const auto* data = pixels.const_data_ptr<uint8_t>();
  return {static_cast<int>(pixels.size(0)), static_cast<int>(pixels.size(1)),
          std::vector<uint8_t>(data, data + pixels.numel())};
}

void augment_images(const char* in, const char* out) {
  const auto tensors = read_safetensors(in);
  NamedTensors augmented;
  for (const auto& [key, pixels] : tensors) {
    if (!key.ends_with(kImage)) continue;
    const std::string name = key.substr(0, key.size() - kImage.size());
    const auto integer = [&](const std::string& part, int64_t i) {
      return static_cast<int>(tensors.at(name + part)[i].item<int64_t>());
    };
    AugmentationParameters parameters;
    parameters.crop = {integer(".crop", 0), integer(".crop", 1), integer(".crop", 2),
                       integer(".crop", 3)};
    for (int64_t i = 0; i < tensors.at(name + ".operations").size(0); ++i) {
      parameters.colors.push_back({static_cast<ColorOperation>(integer(".operations", i)),
                                   tensors.at(name + ".amounts")[i].item<double>()});
    }
    const int size = integer(".settings", 0);
    parameters.gray = integer(".settings", 1) != 0;
    const at::Tensor planes = at::empty({3, size, size}, at::kByte);
    augment(image_of(pixels), parameters, size,
            planes_at(planes.mutable_data_ptr<uint8_t>(), static_cast<size_t>(size) * size));
    augmented.emplace_back(name, planes);
  }
  write_safetensors(out, augmented);
}

}  // namespace
}  // namespace dermatome

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: augment_images IN OUT\n");
    return 2;
  }
  try {
    dermatome::augment_images(argv[1], argv[2]);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
