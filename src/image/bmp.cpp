// stb decodes BMP files. It takes missing bytes for zeros and some headers for others, so that a
// file is looked at first, and given to it only if it is whole and of a kind that stb reads well.
#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#include <stb_image.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <memory>
#include <span>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/image/formats.h"

namespace dermatome {
namespace {

constexpr uint32_t kPlainPixels = 0;
constexpr uint32_t kBitFields = 3;  // masks say where each color is
constexpr size_t kFileHeader = 14;
constexpr uint32_t kOldHeader = 12;  // of OS/2: short numbers, palettes of three bytes
constexpr uint32_t kInfoHeader = 40;
constexpr uint32_t kHeaderWithMasks = 108;  // and 124

struct BmpHeader {
  size_t pixels = 0;  // where they begin
  uint32_t size = 0;  // of the second header, which also tells its kind
  int64_t width = 0;
  int64_t height = 0;
  uint32_t bits = 0;  // per pixel
  uint32_t compression = kPlainPixels;
  uint32_t num_colors = 0;  // of the palette
};

BmpHeader read_bmp_header(std::span<const std::byte> file) {
  const auto number = [&](size_t offset, size_t size) {
    if (offset + size > file.size()) throw DataError("damaged BMP: the file ends too early");
    return formats::little_endian(file, offset, size);
  };
  BmpHeader header{.pixels = number(10, 4), .size = number(kFileHeader, 4)};
  if (header.size == kOldHeader) {
    header.width = number(18, 2);
    header.height = number(20, 2);
    header.bits = number(24, 2);
  } else {
    header.width = static_cast<int32_t>(number(18, 4));
    // Rows go upward; a negative height says that they go downward.
    header.height = std::abs(int64_t{static_cast<int32_t>(number(22, 4))});
    header.bits = number(28, 2);
    header.compression = number(30, 4);
    header.num_colors = number(46, 4);
  }
  if (header.num_colors == 0 && header.bits <= 8) header.num_colors = 1U << header.bits;
  return header;
}

void check_bmp_kind(const BmpHeader& header) {
  const bool is_known = header.size == kOldHeader || header.size == kInfoHeader ||
                        header.size == 56 || header.size == kHeaderWithMasks || header.size == 124;
  if (!is_known) throw DataError(text("a BMP with a header of ", header.size, " bytes"));
  const bool is_plain = header.compression == kPlainPixels &&
                        (header.bits == 1 || header.bits == 4 || header.bits == 8 ||
                         header.bits == 24 || header.bits == 32);
  const bool has_fields =
      header.compression == kBitFields && header.bits == 32 && header.size != 56;
  if (!is_plain && !has_fields) {
    throw DataError(text("a BMP with ", header.bits, " bits per pixel and compression ",
                         header.compression,
                         "; save it with 24 bits per pixel and without compression"));
  }
}

// Whether every index of the palette is its own level of gray. Pillow takes such an image for gray.
bool has_gray_palette(std::span<const std::byte> file, const BmpHeader& header) {
  const size_t entry = header.size == kOldHeader ? 3 : 4;
  const size_t first = kFileHeader + header.size;
  if (header.num_colors > 256 || first + header.num_colors * entry > file.size()) return false;
  for (uint32_t i = 0; i < header.num_colors; ++i) {
    for (size_t c = 0; c < 3; ++c) {
      if (static_cast<uint32_t>(file[first + i * entry + c]) != i) return false;
    }
  }
  return true;
}

}  // namespace

void formats::decode_bmp(std::span<const std::byte> encoded, FileImage& image) {
  const BmpHeader header = read_bmp_header(encoded);
  check_bmp_kind(header);
  constexpr size_t kAlphaMask = 66;
  if (header.compression == kBitFields && header.size >= kHeaderWithMasks &&
      encoded.size() >= kAlphaMask + 4 && little_endian(encoded, kAlphaMask, 4) != 0) {
    image.colors = FileImage::Colors::kRgba;
    image.resizing = FileImage::Resizing::kPremultiplied;
  }
  const bool is_gray = header.bits == 8 && has_gray_palette(encoded, header);
  if (header.bits <= 8 && !is_gray) image.resizing = FileImage::Resizing::kNearest;
  set_size(image, header.height, header.width);
  const uint64_t row_bytes = (static_cast<uint64_t>(header.width) * header.bits + 31) / 32 * 4;
  if (header.pixels + row_bytes * static_cast<uint64_t>(header.height) > encoded.size()) {
    throw DataError("damaged BMP: the file ends too early");
  }
  if (encoded.size() > std::numeric_limits<int>::max()) throw DataError("a BMP above 2 GiB");
  int width = 0;
  int height = 0;
  int stored_channels = 0;
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(encoded.data()),
                            static_cast<int>(encoded.size()), &width, &height, &stored_channels,
                            static_cast<int>(image.channels())),
      stbi_image_free);
  if (pixels == nullptr) throw DataError(text("damaged BMP: ", stbi_failure_reason()));
  require(width == image.width && height == image.height,
          "a BMP of another size than its header's");
  std::memcpy(image.samples.data(), pixels.get(), image.samples.size());
}

}  // namespace dermatome
