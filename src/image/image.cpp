#include "src/image/image.h"

#include "src/core/error.h"
#include "src/image/wide_vectors.h"

namespace dermatome {
namespace {

DERMATOME_WIDE_VECTORS
void separate(const uint8_t* __restrict pixels, uint8_t* __restrict red, uint8_t* __restrict green,
              uint8_t* __restrict blue, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    red[i] = pixels[3 * i];
    green[i] = pixels[3 * i + 1];
    blue[i] = pixels[3 * i + 2];
  }
}

}  // namespace

void to_planes(const uint8_t* pixels, const Planes& planes) {
  separate(pixels, planes.red, planes.green, planes.blue, planes.count);
}

void to_planes(const Image& image, const Planes& planes) {
  require(image.pixels.size() == 3 * planes.count, "planes of another size than the image");
  to_planes(image.pixels.data(), planes);
}

}  // namespace dermatome
