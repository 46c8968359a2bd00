#include "src/image/orientation.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "src/core/error.h"
#include "src/image/codec.h"
#include "src/image/formats.h"

namespace dermatome {
namespace {

using Bytes = std::span<const std::byte>;

// What EXIF data in a JPEG begin with.
constexpr std::string_view kExifName("Exif\0\0", 6);

enum class ByteOrder { kBig, kLittle };

// An unsigned number of `size` bytes at `offset`, which must lie inside.
uint32_t number(Bytes data, size_t offset, size_t size, ByteOrder order) {
  if (order == ByteOrder::kLittle) return formats::little_endian(data, offset, size);
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value = value << 8 | static_cast<uint32_t>(data[offset + i]);
  return value;
}

// What is left of `data` from `offset` on, at most `size` bytes.
Bytes part(Bytes data, size_t offset, size_t size = Bytes::extent) {
  offset = std::min(offset, data.size());
  return data.subspan(offset, std::min(size, data.size() - offset));
}

// How chunks follow each other from `offset` on: a length and a name, either first, then the
// content up to a multiple of `alignment`, then `trailer` further bytes.
struct ChunkFormat {
  size_t offset;
  bool length_first;
  ByteOrder order;
  size_t trailer;
  size_t alignment;
};

// The content of the first chunk called `name`; empty if there is none.
Bytes find_chunk(Bytes file, const ChunkFormat& format, std::string_view name) {
  constexpr size_t kHeader = 8;
  Bytes left = part(file, format.offset);
  while (left.size() >= kHeader) {
    const size_t length = number(left, format.length_first ? 0 : 4, 4, format.order);
    const size_t name_offset = format.length_first ? 4 : 0;
    if (formats::has_bytes(left, name_offset, name)) return part(left, kHeader, length);
    left = part(left, kHeader + length + length % format.alignment + format.trailer);
  }
  return {};
}

// The APP1 segment of a JPEG that holds EXIF, behind its name.
Bytes find_exif_in_jpeg(Bytes file) {
  constexpr uint32_t kApp1 = 0xFFE1;
  constexpr uint32_t kStartOfScan = 0xFFDA;
  Bytes left = part(file, 2);
  while (left.size() >= 4) {
    const uint32_t marker = number(left, 0, 2, ByteOrder::kBig);
    const uint32_t length = number(left, 2, 2, ByteOrder::kBig);  // its own two bytes included
    if (marker < 0xFF00 || marker == kStartOfScan || length < 2) break;
    const Bytes content = part(left, 4, length - 2);
    if (marker == kApp1 && formats::has_bytes(content, 0, kExifName)) {
      return part(content, kExifName.size());
    }
    left = part(left, 2 + length);
  }
  return {};
}

Bytes find_exif(Bytes file) {
  constexpr ChunkFormat kPng{
      .offset = 8, .length_first = true, .order = ByteOrder::kBig, .trailer = 4, .alignment = 1};
  constexpr ChunkFormat kWebp{.offset = 12,
                              .length_first = false,
                              .order = ByteOrder::kLittle,
                              .trailer = 0,
                              .alignment = 2};
  if (is_jpeg(file)) return find_exif_in_jpeg(file);
  if (formats::is_png(file)) return find_chunk(file, kPng, "eXIf");
  if (!formats::is_webp(file)) return {};
  Bytes exif = find_chunk(file, kWebp, "EXIF");
  // Some programs put JPEG's name in front.
  return formats::has_bytes(exif, 0, kExifName) ? part(exif, kExifName.size()) : exif;
}

}  // namespace

int exif_orientation(Bytes encoded) {
  constexpr int kUpright = 1;
  // EXIF is a TIFF file: byte order, the number 42, where the first directory is. A directory is a
  // count and entries of 12 bytes: tag, type, count, value.
  const Bytes tiff = find_exif(encoded);
  const bool little = formats::has_bytes(tiff, 0, "II");
  if (tiff.size() < 8 || (!little && !formats::has_bytes(tiff, 0, "MM"))) return kUpright;
  const ByteOrder order = little ? ByteOrder::kLittle : ByteOrder::kBig;
  if (number(tiff, 2, 2, order) != 42) return kUpright;
  const Bytes directory = part(tiff, number(tiff, 4, 4, order));
  if (directory.size() < 2) return kUpright;
  const uint32_t count = number(directory, 0, 2, order);
  for (uint32_t i = 0; i < count; ++i) {
    constexpr size_t kEntry = 12;
    constexpr uint32_t kOrientation = 0x0112;
    constexpr uint32_t kShort = 3;
    const Bytes entry = part(directory, 2 + i * kEntry, kEntry);
    if (entry.size() < kEntry) break;
    if (number(entry, 0, 2, order) != kOrientation) continue;
    const auto value = static_cast<int>(number(entry, 8, 2, order));
    const bool good = number(entry, 2, 2, order) == kShort && value >= 1 && value <= 8;
    return good ? value : kUpright;
  }
  return kUpright;
}

Image turn_upright(Image image, int orientation) {
  FileImage file;
  file.height = image.height;
  file.width = image.width;
  file.samples = std::move(image.pixels);
  file = turn_upright(std::move(file), orientation);
  return {file.height, file.width, std::move(file.samples)};
}

FileImage turn_upright(FileImage image, int orientation) {
  require(orientation >= 1 && orientation <= 8, "an EXIF orientation outside 1 to 8");
  if (orientation == 1) return image;
  // From 5 on rows and columns are exchanged. Rows and columns of the stored image are counted from
  // its first or from its last one.
  const bool transposed = orientation >= 5;
  const bool from_right =
      orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
  const bool from_below =
      orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
  const std::vector<uint8_t> stored = std::move(image.samples);
  const int height = image.height;
  const int width = image.width;
  if (transposed) std::swap(image.height, image.width);
  image.samples.assign(stored.size(), 0);
  const size_t channels = image.channels();
  uint8_t* target = image.samples.data();
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x, target += channels) {
      const int row = transposed ? x : y;
      const int column = transposed ? y : x;
      const int stored_row = from_below ? height - 1 - row : row;
      const int stored_column = from_right ? width - 1 - column : column;
      std::copy_n(&stored[(static_cast<size_t>(stored_row) * width + stored_column) * channels],
                  channels, target);
    }
  }
  return image;
}

}  // namespace dermatome
