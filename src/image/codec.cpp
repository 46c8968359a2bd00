#include "src/image/codec.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "src/image/formats.h"

namespace dermatome {
namespace formats {

bool has_bytes(std::span<const std::byte> data, size_t offset, std::string_view expected) {
  if (data.size() < offset + expected.size()) return false;
  return std::equal(expected.begin(), expected.end(), data.begin() + offset,
                    [](char want, std::byte got) { return static_cast<std::byte>(want) == got; });
}

bool is_png(std::span<const std::byte> encoded) {
  return has_bytes(encoded, 0, "\x89PNG\r\n\x1A\n");
}

bool is_webp(std::span<const std::byte> encoded) {
  return has_bytes(encoded, 0, "RIFF") && has_bytes(encoded, 8, "WEBP");
}

bool is_tiff(std::span<const std::byte> encoded) {
  using namespace std::string_view_literals;
  constexpr std::array kBegins = {"II*\0"sv, "MM\0*"sv, "II+\0"sv, "MM\0+"sv};
  return std::ranges::any_of(kBegins,
                             [&](std::string_view begin) { return has_bytes(encoded, 0, begin); });
}

bool is_bmp(std::span<const std::byte> encoded) { return has_bytes(encoded, 0, "BM"); }

bool is_gif(std::span<const std::byte> encoded) {
  return has_bytes(encoded, 0, "GIF87a") || has_bytes(encoded, 0, "GIF89a");
}

uint32_t little_endian(std::span<const std::byte> data, size_t offset, size_t size) {
  uint32_t value = 0;
  for (size_t i = size; i > 0; --i) {
    value = value << 8 | static_cast<uint32_t>(data[offset + i - 1]);
  }
  return value;
}

uint8_t clip_gray(uint32_t level, FileImage& image) {
  constexpr uint32_t kWhite = 255;
  if (level > kWhite) image.clipped = true;
  return static_cast<uint8_t>(std::min(level, kWhite));
}

void set_size(FileImage& image, int64_t height, int64_t width) {
  if (height < 1 || width < 1 || height > kMaxPixels / width) {
    throw DataError(text("an image of ", width, " x ", height, " pixels; between 1 and ",
                         kMaxPixels, " pixels are read"));
  }
  image.height = static_cast<int>(height);
  image.width = static_cast<int>(width);
  image.samples.resize(static_cast<size_t>(height) * static_cast<size_t>(width) * image.channels());
}

}  // namespace formats

namespace {

// The name of a format that is not read, so that users know what to convert; empty: unknown.
std::string_view foreign_format(std::span<const std::byte> encoded) {
  using namespace std::string_view_literals;
  struct Signature {
    std::string_view name;
    size_t offset;
    std::string_view bytes;
  };
  constexpr std::array kSignatures = {
      Signature{"HEIC or AVIF", 4, "ftyp"sv},
      Signature{"JPEG 2000", 4, "jP  \r\n\x87\n"sv},
      Signature{"DICOM", 128, "DICM"sv},
  };
  const auto found = std::ranges::find_if(kSignatures, [&](const Signature& signature) {
    return formats::has_bytes(encoded, signature.offset, signature.bytes);
  });
  return found == kSignatures.end() ? "" : found->name;
}

void decode(std::span<const std::byte> encoded, FileImage& image) {
  if (is_jpeg(encoded)) return formats::decode_jpeg(encoded, image);
  if (formats::is_png(encoded)) return formats::decode_png(encoded, image);
  if (formats::is_webp(encoded)) return formats::decode_webp(encoded, image);
  if (formats::is_tiff(encoded)) return formats::decode_tiff(encoded, image);
  if (formats::is_bmp(encoded)) return formats::decode_bmp(encoded, image);
  if (formats::is_gif(encoded)) return formats::decode_gif(encoded, image);
  if (const std::string_view format = foreign_format(encoded); !format.empty()) {
    throw DataError(text("a ", format, " image; convert it to JPEG, PNG or WebP first"));
  }
  throw DataError(text("neither JPEG, PNG, WebP, TIFF, BMP nor GIF by its first bytes (",
                       encoded.size(), " bytes in all)"));
}

}  // namespace

bool is_jpeg(std::span<const std::byte> encoded) {
  return formats::has_bytes(encoded, 0, "\xFF\xD8\xFF");
}

FileImage decode_file_image(std::span<const std::byte> encoded, const std::string& name) {
  FileImage image;
  try {
    decode(encoded, image);
  } catch (const DataError& error) {
    throw DataError(text(name, ": ", error.what()));
  }
  return image;
}

Image decode_image(std::span<const std::byte> encoded, const std::string& name) {
  return to_rgb(decode_file_image(encoded, name));
}

void decode_image(std::span<const std::byte> encoded, Image& image) {
  FileImage decoded;
  decoded.samples = std::move(image.pixels);
  decode(encoded, decoded);
  image = to_rgb(std::move(decoded));
}

Image load_image(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  return decode_image(std::as_bytes(std::span(content)), path.string());
}

}  // namespace dermatome
