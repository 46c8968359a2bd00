// The decoders behind codec.h, one a format. Each takes bytes that begin with its format's
// signature and throws DataError naming `name`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "src/image/image.h"

namespace dermatome::formats {

Image decode_jpeg(std::span<const std::byte> encoded, const std::string& name);
Image decode_png(std::span<const std::byte> encoded, const std::string& name);
Image decode_webp(std::span<const std::byte> encoded, const std::string& name);

// A picture of that size to decode into. Throws DataError unless 1 <= height * width <= kMaxPixels.
Image allocate(int64_t height, int64_t width, const std::string& name);

}  // namespace dermatome::formats
