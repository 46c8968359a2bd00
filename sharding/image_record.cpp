#include "sharding/image_record.h"

#include <algorithm>
#include <span>

#include "sharding/format.h"
#include "sharding/storage_retry.h"
#include "sharding/stored_file.h"
#include "src/core/error.h"
#include "src/image/codec.h"
#include "src/image/orientation.h"
#include "src/image/resize.h"

namespace dermatome {

std::string_view encoding_name(const ImagePolicy& policy) {
  return policy.raw ? shard_format::kRaw : shard_format::kJpeg;
}

int stored_quality(const ImagePolicy& policy) { return policy.raw ? 0 : policy.quality; }

ImageRecord make_image_record(const std::filesystem::path& path, const ImagePolicy& policy) {
  const std::string content = read_stored_file(path);
  const auto file = std::as_bytes(std::span(content));
  const int orientation = exif_orientation(file);
  Image image = turn_upright(decode_image(file, path.string()), orientation);
  const bool shrink = std::min(image.height, image.width) > policy.short_side;
  if (shrink) image = resize_shorter_side(image, policy.short_side);
  ImageRecord record{image.height, image.width, {}};
  if (policy.raw) {
    const auto pixels = std::as_bytes(std::span(image.pixels));
    record.bytes.assign(pixels.begin(), pixels.end());
  } else if (!shrink && orientation == 1 && is_jpeg(file)) {
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
