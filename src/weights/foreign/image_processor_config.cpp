#include "src/weights/foreign/image_processor_config.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "src/core/file.h"
#include "src/core/strict_json.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

using nlohmann::json;

// Pillow's numbers of its filters.
constexpr int64_t kBilinear = 2;
constexpr int64_t kBicubic = 3;
constexpr int64_t kDefaultSide = 224;

// `value` of `key`: one number, or an object with the same number as height and width.
int64_t side_of(const JsonObject& processor, const std::string& key, const json& value) {
  const json side = value.is_object() ? value.value("height", json()) : value;
  if (!side.is_number_integer() || (value.is_object() && value.value("width", json()) != side)) {
    processor.fail(key,
                   "must be one number or the same height and width: only squares are "
                   "implemented");
  }
  return side.get<int64_t>();
}

void require_side(const JsonObject& processor, const std::string& key, int64_t side,
                  int64_t image_size) {
  if (side == image_size) return;
  processor.fail(
      key, text("is not the model's image size, ", image_size, ": nothing else is implemented"));
}

// Whether the step `key` is taken.
bool takes(JsonObject& processor, const std::string& key) {
  bool taken = true;
  processor.read(key, taken);
  return taken;
}

// What `key` says; `otherwise` if it is missing.
json value_or(JsonObject& processor, const std::string& key, json otherwise) {
  const json& value = processor.find(key);
  return value.is_null() ? std::move(otherwise) : value;
}

void read_size(JsonObject& processor, int64_t image_size, PreprocessConfig& config) {
  if (!takes(processor, "do_resize")) {
    processor.fail("do_resize", "must be true: only resized images are implemented");
  }
  const json size = value_or(processor, "size", kDefaultSide);
  if (size.is_object() && size.contains("longest_edge")) {
    processor.fail("size", "has a longest_edge, which is not implemented");
  }
  const bool is_shortest = !size.is_object() || size.contains("shortest_edge");
  const json side = size.is_object() && is_shortest ? size["shortest_edge"] : size;
  require_side(processor, "size", side_of(processor, "size", side), image_size);
  config.resize_mode = is_shortest ? "shortest" : "squash";
  if (takes(processor, "do_center_crop")) {
    const json crop = value_or(processor, "crop_size", kDefaultSide);
    require_side(processor, "crop_size", side_of(processor, "crop_size", crop), image_size);
  } else if (is_shortest) {
    processor.fail("do_center_crop",
                   "must be true where size is the shorter side: images must become squares");
  }
}

void read_filter(JsonObject& processor, PreprocessConfig& config) {
  int64_t filter = kBicubic;
  processor.read("resample", filter);
  if (filter != kBilinear && filter != kBicubic) {
    processor.fail("resample", "must be 2 (bilinear) or 3 (bicubic): nothing else is implemented");
  }
  config.interpolation = filter == kBilinear ? "bilinear" : "bicubic";
}

void read_channels(JsonObject& processor, const std::string& key, bool positive,
                   std::array<double, 3>& out) {
  std::vector<double> list(out.begin(), out.end());
  processor.read(key, list);
  if (list.size() != 3 || (positive && std::ranges::min(list) <= 0)) {
    processor.fail(key, text("must be three ", positive ? "positive " : "", "numbers"));
  }
  std::ranges::copy(list, out.begin());
}

void read_values(JsonObject& processor, PreprocessConfig& config) {
  if (!takes(processor, "do_rescale")) {
    processor.fail("do_rescale", "must be true: only pixels divided by 255 are implemented");
  }
  double factor = 1.0 / 255;
  processor.read("rescale_factor", factor);
  if (std::abs(factor * 255 - 1) > 1e-6) {
    processor.fail("rescale_factor", "must be 1/255: nothing else is implemented");
  }
  if (!takes(processor, "do_normalize")) {
    config.mean = {0, 0, 0};
    config.std = {1, 1, 1};
    return;
  }
  read_channels(processor, "image_mean", /*positive=*/false, config.mean);
  read_channels(processor, "image_std", /*positive=*/true, config.std);
}

PreprocessConfig read_processor(JsonObject processor, int64_t image_size) {
  for (const char* key : {"image_processor_type", "feature_extractor_type"}) {
    std::string type = "CLIP";
    processor.read(key, type);
    if (!type.starts_with("CLIP")) {
      processor.fail(key, "is another processor than CLIP's, whose steps are not implemented");
    }
  }
  PreprocessConfig config;
  read_size(processor, image_size, config);
  read_filter(processor, config);
  read_values(processor, config);
  return config;
}

}  // namespace

std::optional<PreprocessConfig> read_image_processor(const std::filesystem::path& folder,
                                                     int64_t image_size) {
  const std::string nested = "image_processor";
  for (const char* name : {"processor_config.json", "preprocessor_config.json"}) {
    const std::filesystem::path path = folder / name;
    if (!std::filesystem::exists(path)) continue;
    const json document = parse_json(read_file(path), path.string());
    JsonObject file(path.string(), "", document);
    if (file.has(nested)) return read_processor(file.object(nested), image_size);
    // A processor_config.json of older versions describes no images.
    if (path.filename() == "preprocessor_config.json") return read_processor(file, image_size);
  }
  return std::nullopt;
}

}  // namespace dermatome
