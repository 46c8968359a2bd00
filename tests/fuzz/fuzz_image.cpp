// Reads any bytes as an image file. They must be decoded or refused with a DataError.
#include <cstdint>
#include <span>

#include "src/core/error.h"
#include "src/image/codec.h"
#include "src/image/orientation.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace dermatome;
  const auto file = std::as_bytes(std::span(data, size));
  const int orientation = exif_orientation(file);
  try {
    turn_upright(decode_image(file, "input"), orientation);
  } catch (const DataError&) {
  }
  return 0;
}
