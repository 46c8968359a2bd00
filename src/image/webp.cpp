#include <webp/decode.h>

#include "src/core/error.h"
#include "src/image/formats.h"

namespace dermatome {

void formats::decode_webp(std::span<const std::byte> encoded, FileImage& image) {
  const auto* data = reinterpret_cast<const uint8_t*>(encoded.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, encoded.size(), &features) != VP8_STATUS_OK) {
    throw DataError("bad WebP header");
  }
  if (features.has_animation != 0) {
    throw DataError("an animated WebP; save the wanted frame as a still image");
  }
  const bool has_alpha = features.has_alpha != 0;
  if (has_alpha) {
    image.colors = FileImage::Colors::kRgba;
    image.resizing = FileImage::Resizing::kPremultiplied;
  }
  set_size(image, features.height, features.width);
  const auto decode = has_alpha ? WebPDecodeRGBAInto : WebPDecodeRGBInto;
  if (decode(data, encoded.size(), image.samples.data(), image.samples.size(),
             image.width * static_cast<int>(image.channels())) == nullptr) {
    throw DataError("damaged WebP");
  }
}

}  // namespace dermatome
