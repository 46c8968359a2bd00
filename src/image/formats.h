// The formats behind codec.h: their signatures and decoders. A decoder takes bytes that begin with
// its format's signature and throws DataError, which names no file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "src/image/image.h"

namespace dermatome::formats {

// Whether `expected` stands at `offset`.
bool has_bytes(std::span<const std::byte> data, size_t offset, std::string_view expected);

// Told by the first bytes.
bool is_png(std::span<const std::byte> encoded);
bool is_webp(std::span<const std::byte> encoded);

void decode_jpeg(std::span<const std::byte> encoded, Image& image);
void decode_png(std::span<const std::byte> encoded, Image& image);
void decode_webp(std::span<const std::byte> encoded, Image& image);

// Gives `image` that size, its pixels undefined. Throws DataError unless
// 1 <= height * width <= kMaxPixels.
void set_size(Image& image, int64_t height, int64_t width);

}  // namespace dermatome::formats
