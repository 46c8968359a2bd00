#include "sharding/image_record.h"

#include <algorithm>
#include <span>
#include <utility>

#include "sharding/format.h"
#include "sharding/storage_retry.h"
#include "sharding/stored_file.h"
#include "src/core/error.h"
#include "src/image/codec.h"
#include "src/image/orientation.h"
#include "src/image/resize.h"

namespace dermatome {
namespace {

Image upright(FileImage image, int orientation, Background background) {
  const Rgb color = background == Background::kWhite ? Rgb{255, 255, 255} : Rgb{};
  return turn_upright(lay_over(std::move(image), color), orientation);
}

}  // namespace

std::string_view encoding_name(const ImagePolicy& policy) {
  return policy.raw ? shard_format::kRaw : shard_format::kJpeg;
}

int stored_quality(const ImagePolicy& policy) { return policy.raw ? 0 : policy.quality; }

std::string_view background_name(Background background) {
  return background == Background::kWhite ? "white" : "black";
}

Image upright_image(std::span<const std::byte> file, const std::string& name,
                    Background background) {
  return upright(decode_file_image(file, name), exif_orientation(file), background);
}

ImageRecord make_image_record(const std::filesystem::path& path, const ImagePolicy& policy) {
  const std::string content = read_stored_file(path);
  const auto file = std::as_bytes(std::span(content));
  const int orientation = exif_orientation(file);
  FileImage decoded = decode_file_image(file, path.string());
  ImageRecord record;
  record.transparent = is_transparent(decoded);
  record.clipped = decoded.clipped;
  const bool is_rgb_jpeg = is_jpeg(file) && decoded.colors == FileImage::Colors::kRgb;
  Image image = upright(std::move(decoded), orientation, policy.background);
  const bool shrink = std::min(image.height, image.width) > policy.short_side;
  if (shrink) image = resize_shorter_side(image, policy.short_side);
  record.height = image.height;
  record.width = image.width;
  if (policy.raw) {
    const auto pixels = std::as_bytes(std::span(image.pixels));
    record.bytes.assign(pixels.begin(), pixels.end());
  } else if (!shrink && orientation == 1 && is_rgb_jpeg) {
    record.bytes.assign(file.begin(), file.end());
  } else {
    record.bytes = encode_jpeg(image, policy.quality, path.string());
  }
  return record;
}

std::string image_problem(const std::function<void()>& work) {
  try {
    work();
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

std::filesystem::path image_path(const std::filesystem::path& root, const std::string& name) {
  if (root.empty()) return name;
  return root / std::filesystem::path(name).relative_path();
}

int64_t typical_record_bytes(const ImagePolicy& policy) {
  // A photo of 4:3; JPEG takes about two bits per pixel at the usual qualities.
  const int64_t pixels = int64_t{policy.short_side} * policy.short_side * 4 / 3;
  return std::max<int64_t>(policy.raw ? pixels * 3 : pixels / 4, 1);
}

}  // namespace dermatome
