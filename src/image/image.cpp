#include "src/image/image.h"

#include "src/core/error.h"

namespace dermatome {

void to_planes(const Image& image, const Planes& planes) {
  require(image.pixels.size() == 3 * planes.count, "planes of another size than the picture");
  const uint8_t* pixel = image.pixels.data();
  for (size_t i = 0; i < planes.count; ++i, pixel += 3) {
    planes.red[i] = pixel[0];
    planes.green[i] = pixel[1];
    planes.blue[i] = pixel[2];
  }
}

Image from_planes(const Planes& planes, int height, int width) {
  Image image = black_image(height, width);
  require(image.pixels.size() == 3 * planes.count, "a picture of another size than its planes");
  uint8_t* pixel = image.pixels.data();
  for (size_t i = 0; i < planes.count; ++i, pixel += 3) {
    pixel[0] = planes.red[i];
    pixel[1] = planes.green[i];
    pixel[2] = planes.blue[i];
  }
  return image;
}

}  // namespace dermatome
