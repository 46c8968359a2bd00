// The formats behind codec.h: their signatures and decoders. A decoder takes bytes that begin with
// its format's signature and a FileImage as it is made, and throws DataError, which names no file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "src/image/file_image.h"

namespace dermatome::formats {

// Whether `expected` stands at `offset`.
bool has_bytes(std::span<const std::byte> data, size_t offset, std::string_view expected);

// An unsigned number of `size` bytes at `offset`, the lowest byte first; all must lie inside.
uint32_t little_endian(std::span<const std::byte> data, size_t offset, size_t size);

// Told by the first bytes.
bool is_png(std::span<const std::byte> encoded);
bool is_webp(std::span<const std::byte> encoded);
bool is_tiff(std::span<const std::byte> encoded);
bool is_bmp(std::span<const std::byte> encoded);
bool is_gif(std::span<const std::byte> encoded);

void decode_jpeg(std::span<const std::byte> encoded, FileImage& image);
void decode_png(std::span<const std::byte> encoded, FileImage& image);
void decode_webp(std::span<const std::byte> encoded, FileImage& image);
void decode_tiff(std::span<const std::byte> encoded, FileImage& image);  // turned upright
void decode_bmp(std::span<const std::byte> encoded, FileImage& image);
void decode_gif(std::span<const std::byte> encoded, FileImage& image);  // the first frame

// Gives `image` that size, with its colors, its samples undefined. Throws DataError unless
// 1 <= height * width <= kMaxPixels.
void set_size(FileImage& image, int64_t height, int64_t width);

// Gray of 16 bits as Pillow makes it 8 bits: clipped.
uint8_t clip_gray(uint32_t level, FileImage& image);

}  // namespace dermatome::formats
