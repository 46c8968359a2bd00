#include "src/image/codec.h"

#include <algorithm>
#include <array>
#include <string_view>

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

void set_size(Image& image, int64_t height, int64_t width) {
  if (height < 1 || width < 1 || height > kMaxPixels / width) {
    throw DataError(text("an image of ", width, " x ", height, " pixels; between 1 and ",
                         kMaxPixels, " pixels are read"));
  }
  image.height = static_cast<int>(height);
  image.width = static_cast<int>(width);
  image.pixels.resize(static_cast<size_t>(height) * static_cast<size_t>(width) * 3);
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
      Signature{"TIFF", 0, "II*\0"sv},
      Signature{"TIFF", 0, "MM\0*"sv},
      Signature{"BMP", 0, "BM"sv},
      Signature{"GIF", 0, "GIF8"sv},
      Signature{"HEIC or AVIF", 4, "ftyp"sv},
      Signature{"JPEG 2000", 4, "jP  \r\n\x87\n"sv},
      Signature{"DICOM", 128, "DICM"sv},
  };
  const auto found = std::ranges::find_if(kSignatures, [&](const Signature& signature) {
    return formats::has_bytes(encoded, signature.offset, signature.bytes);
  });
  return found == kSignatures.end() ? "" : found->name;
}

}  // namespace

bool is_jpeg(std::span<const std::byte> encoded) {
  return formats::has_bytes(encoded, 0, "\xFF\xD8\xFF");
}

Image decode_image(std::span<const std::byte> encoded, const std::string& name) {
  Image image;
  try {
    decode_image(encoded, image);
  } catch (const DataError& error) {
    throw DataError(text(name, ": ", error.what()));
  }
  return image;
}

void decode_image(std::span<const std::byte> encoded, Image& image) {
  if (is_jpeg(encoded)) return formats::decode_jpeg(encoded, image);
  if (formats::is_png(encoded)) return formats::decode_png(encoded, image);
  if (formats::is_webp(encoded)) return formats::decode_webp(encoded, image);
  if (const std::string_view format = foreign_format(encoded); !format.empty()) {
    throw DataError(text("a ", format, " image; convert it to JPEG, PNG or WebP first"));
  }
  throw DataError(
      text("neither JPEG, PNG nor WebP by its first bytes (", encoded.size(), " bytes in all)"));
}

Image load_image(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  return decode_image(std::as_bytes(std::span(content)), path.string());
}

}  // namespace dermatome
