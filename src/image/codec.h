// Encoded images to pixels and back. The formats are told apart by their first bytes, never by the
// file's name: JPEG (libjpeg-turbo), PNG (libpng), WebP (libwebp), TIFF (libtiff), GIF (giflib), of
// which the first frame is read, and BMP (stb).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "src/image/file_image.h"
#include "src/image/image.h"

namespace dermatome {

// Images with more pixels than this are refused before any memory is allocated for them.
inline constexpr int64_t kMaxPixels = 178'956'970;  // Pillow's decompression-bomb limit

// Decodes to RGB as Pillow's Image.open(...).convert("RGB") does: gray is repeated, palettes are
// looked up, alpha is dropped (not composited), CMYK is converted without an ink profile, colors of
// 16 bits lose their lower byte, and gray of 16 bits is clipped at 255. EXIF orientation is not
// applied, as by open_clip (src/image/orientation.h does); that of a TIFF is, as by Pillow. Refused
// are animated WebP, BMP with 16 bits per pixel or run lengths, and TIFF with floating-point, LAB
// or uncompressed YCbCr samples. Throws DataError naming `name`.
Image decode_image(std::span<const std::byte> encoded, const std::string& name);

// The same in the file's own colors.
FileImage decode_file_image(std::span<const std::byte> encoded, const std::string& name);

// decode_image() into `image`, whose memory is used again. Throws DataError without a name; `image`
// is undefined then.
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
