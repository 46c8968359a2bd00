#include "src/model/preprocess.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <c10/core/DeviceGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <algorithm>
#include <utility>

#include "src/core/error.h"
#include "src/image/resize.h"
#include "src/model/normalize_kernel.h"
#include "src/model/upload.h"

namespace dermatome {
namespace {

Image fit(FileImage image, const ClipConfig& config) {
  const int size = static_cast<int>(config.vision.image_size);
  const Interpolation interpolation = config.preprocess.interpolation == "bilinear"
                                          ? Interpolation::kBilinear
                                          : Interpolation::kBicubic;
  if (config.preprocess.resize_mode == "squash") {
    return resize_to_rgb(std::move(image), size, size, interpolation);
  }
  const Extent extent = shorter_side_extent({image.height, image.width}, size);
  return center_crop(resize_to_rgb(std::move(image), extent.height, extent.width, interpolation),
                     size);
}

template <typename Value>
void normalize_on_host(const NormalizeBatch<Value>& batch) {
  at::parallel_for(0, batch.num_planes, 1, [&](int64_t first, int64_t last) {
    for (int64_t plane = first; plane < last; ++plane) {
      for (int64_t i = 0; i < batch.plane_size; ++i) normalize_value(batch, plane, i);
    }
  });
}

// Normalizes uint8 `source` [B, 3, H, W] into values at `normalized`, on the same device.
template <typename Value>
void normalize_into(Value* normalized, const at::Tensor& source, const PreprocessConfig& config) {
  NormalizeBatch<Value> batch{.pixels = source.const_data_ptr<uint8_t>(),
                              .normalized = normalized,
                              .num_planes = 3 * source.size(0),
                              .plane_size = source.size(2) * source.size(3)};
  std::copy(config.mean.begin(), config.mean.end(), batch.mean);
  std::copy(config.std.begin(), config.std.end(), batch.std);
  if (source.is_cpu()) {
    normalize_on_host(batch);
  } else {
    const c10::DeviceGuard guard(source.device());
    const c10::impl::VirtualGuardImpl devices(source.device().type());
    launch_normalize(batch, devices.getStream(source.device()).native_handle());
  }
}

}  // namespace

at::Tensor preprocess_image(const Image& image, const ClipConfig& config) {
  FileImage file;
  file.height = image.height;
  file.width = image.width;
  file.samples = image.pixels;
  return preprocess_image(std::move(file), config);
}

at::Tensor preprocess_image(FileImage image, const ClipConfig& config) {
  const Image fitted = fit(std::move(image), config);
  at::Tensor pixels = at::empty({fitted.height, fitted.width, 3}, at::TensorOptions(at::kByte));
  std::copy(fitted.pixels.begin(), fitted.pixels.end(), pixels.mutable_data_ptr<uint8_t>());
  return pixels.permute({2, 0, 1}).contiguous();
}

at::Tensor normalize(const at::Tensor& pixels, const PreprocessConfig& config, c10::Device device,
                     c10::ScalarType type) {
  require(pixels.scalar_type() == at::kByte && pixels.dim() == 4 && pixels.size(1) == 3,
          "normalize: the pixels are not uint8 [B, 3, H, W]");
  require(type == at::kFloat || type == at::kBFloat16,
          "normalize: the type is neither float nor bfloat16");
  // Bytes are uploaded, not floats, which are four times as large.
  const at::Tensor source = (pixels.is_cpu() ? upload(pixels, device) : pixels).contiguous();
  at::Tensor normalized = at::empty(source.sizes(), source.options().dtype(type));
  if (normalized.numel() == 0) return normalized;
  if (type == at::kFloat) {
    normalize_into(normalized.mutable_data_ptr<float>(), source, config);
  } else {
    auto* bits = reinterpret_cast<uint16_t*>(normalized.mutable_data_ptr<c10::BFloat16>());
    normalize_into(bits, source, config);
  }
  return normalized;
}

}  // namespace dermatome
