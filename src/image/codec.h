// Encoded images to RGB and back. JPEG (libjpeg-turbo), PNG (libpng) and WebP (libwebp), told
// apart by their first bytes, never by the file's name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "src/image/image.h"

namespace dermatome {

// Images with more pixels than this are refused before any memory is allocated for them.
inline constexpr int64_t kMaxPixels = 178'956'970;  // Pillow's decompression-bomb limit

// Decodes to RGB as Pillow's Image.open(...).convert("RGB") does: gray is repeated, palettes are
// looked up, alpha is dropped (not composited); 16-bit PNG, CMYK JPEG and unknown formats are
// refused. EXIF orientation is not applied, as by open_clip (src/image/orientation.h does). Throws
// DataError naming `name`.
Image decode_image(std::span<const std::byte> encoded, const std::string& name);

// The same into `image`, whose memory is used again. Throws DataError without a name; `image` is
// undefined then.
void decode_image(std::span<const std::byte> encoded, Image& image);

// Whether `encoded` begins as JPEG files do.
bool is_jpeg(std::span<const std::byte> encoded);

// read_file + decode_image.
Image load_image(const std::filesystem::path& path);

// An 8-bit RGB PNG file. Throws DataError naming `name` when libpng refuses.
std::vector<std::byte> encode_png(const Image& image, const std::string& name = "an image");

// Baseline JPEG with 4:2:0 chroma (4:4:4 from quality 95 up). Deterministic: equal pixels and
// quality give equal bytes. Throws DataError naming `name` for an image larger than JPEG allows.
std::vector<std::byte> encode_jpeg(const Image& image, int quality,
                                   const std::string& name = "an image");

}  // namespace dermatome
