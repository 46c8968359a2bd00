#include "src/image/codec.h"

#include <algorithm>
#include <string_view>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/image/formats.h"

namespace dermatome {
namespace {

bool has_bytes(std::span<const std::byte> data, size_t offset, std::string_view expected) {
  if (data.size() < offset + expected.size()) return false;
  return std::equal(expected.begin(), expected.end(), data.begin() + offset,
                    [](char want, std::byte got) { return static_cast<std::byte>(want) == got; });
}

}  // namespace

namespace formats {

Image allocate(int64_t height, int64_t width, const std::string& name) {
  if (height < 1 || width < 1 || height > kMaxPixels / width) {
    throw DataError(name + ": a picture of " + std::to_string(width) + " x " +
                    std::to_string(height) + " pixels; between 1 and " +
                    std::to_string(kMaxPixels) + " pixels are read");
  }
  return black_image(static_cast<int>(height), static_cast<int>(width));
}

}  // namespace formats

bool is_jpeg(std::span<const std::byte> encoded) { return has_bytes(encoded, 0, "\xFF\xD8\xFF"); }

Image decode_image(std::span<const std::byte> encoded, const std::string& name) {
  if (is_jpeg(encoded)) return formats::decode_jpeg(encoded, name);
  if (has_bytes(encoded, 0, "\x89PNG\r\n\x1A\n")) return formats::decode_png(encoded, name);
  if (has_bytes(encoded, 0, "RIFF") && has_bytes(encoded, 8, "WEBP")) {
    return formats::decode_webp(encoded, name);
  }
  throw DataError(name + ": neither JPEG, PNG nor WebP by its first bytes (" +
                  std::to_string(encoded.size()) + " bytes in all)");
}

Image load_image(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  return decode_image(std::as_bytes(std::span(content)), path.string());
}

}  // namespace dermatome
