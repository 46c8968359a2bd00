#include "src/model/preprocess.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "src/image/resize.h"

namespace dermatome {
namespace {

Image fit(const Image& image, const ClipConfig& config) {
  const int size = static_cast<int>(config.vision.image_size);
  const Interpolation interpolation = config.preprocess.interpolation == "bilinear"
                                          ? Interpolation::kBilinear
                                          : Interpolation::kBicubic;
  if (config.preprocess.resize_mode == "squash") {
    const Box whole{.left = 0, .top = 0, .width = image.width, .height = image.height};
    return resize(image, whole, size, size, interpolation);
  }
  return center_crop(resize_shorter_side(image, size, interpolation), size);
}

// A value a channel, [3, 1, 1].
at::Tensor channels(const std::array<double, 3>& values, c10::Device device) {
  return at::tensor(at::ArrayRef<double>(values.data(), values.size()),
                    at::TensorOptions(at::kFloat))
      .view({3, 1, 1})
      .to(device);
}

}  // namespace

at::Tensor preprocess_image(const Image& image, const ClipConfig& config) {
  const Image fitted = fit(image, config);
  at::Tensor pixels = at::empty({fitted.height, fitted.width, 3}, at::TensorOptions(at::kByte));
  std::copy(fitted.pixels.begin(), fitted.pixels.end(), pixels.mutable_data_ptr<uint8_t>());
  return pixels.permute({2, 0, 1}).contiguous();
}

at::Tensor normalise(const at::Tensor& pixels, const PreprocessConfig& config, c10::Device device) {
  return pixels.to(device)
      .to(at::kFloat, /*non_blocking=*/false, /*copy=*/true, at::MemoryFormat::Contiguous)
      .div_(255)
      .sub_(channels(config.mean, device))
      .div_(channels(config.std, device));
}

}  // namespace dermatome
