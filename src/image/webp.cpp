#include <webp/decode.h>

#include "src/core/error.h"
#include "src/image/formats.h"

namespace dermatome {

void formats::decode_webp(std::span<const std::byte> encoded, Image& image) {
  const auto* data = reinterpret_cast<const uint8_t*>(encoded.data());
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, encoded.size(), &features) != VP8_STATUS_OK) {
    throw DataError("bad WebP header");
  }
  if (features.has_animation != 0) {
    throw DataError("an animated WebP; save the wanted frame as a still image");
  }
  set_size(image, features.height, features.width);
  if (WebPDecodeRGBInto(data, encoded.size(), image.pixels.data(), image.pixels.size(),
                        image.width * 3) == nullptr) {
    throw DataError("damaged WebP");
  }
}

}  // namespace dermatome
