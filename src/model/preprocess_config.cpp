#include "src/model/preprocess_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/core/text.h"
#include "src/model/config_json.h"

namespace dermatome {
namespace {

using nlohmann::json;

void read_choice(JsonObject& object, const std::string& key,
                 const std::vector<std::string>& choices, std::string& out) {
  object.read(key, out);
  if (std::ranges::find(choices, out) == choices.end()) {
    object.fail(key,
                text("must be one of ", json(choices).dump(), ": nothing else is implemented"));
  }
}

void read_rgb(JsonObject& object, const std::string& key, bool positive,
              std::array<double, 3>& out) {
  std::vector<double> list(out.begin(), out.end());
  object.read(key, list);
  const bool good = list.size() == 3 && (!positive || std::ranges::min(list) > 0);
  if (!good) {
    object.fail(key, text("must be three ", positive ? "positive " : "", "numbers"));
  }
  std::ranges::copy(list, out.begin());
}

}  // namespace

PreprocessConfig read_preprocess_config(JsonObject section, int64_t image_size) {
  PreprocessConfig config;
  read_rgb(section, "mean", /*positive=*/false, config.mean);
  read_rgb(section, "std", /*positive=*/true, config.std);
  read_choice(section, "interpolation", {"bicubic", "bilinear"}, config.interpolation);
  read_choice(section, "resize_mode", {"shortest", "squash"}, config.resize_mode);
  require_default(section, {{"mode", "RGB"}});
  section.ignore({"fill_color"});
  int64_t size = image_size;
  read_side(section, "size", size);
  if (size != image_size) {
    section.fail("size", text("is not the model's image size, ", image_size));
  }
  section.finish(kUnknownKeyRemedy);
  return config;
}

nlohmann::ordered_json preprocess_config_json(const PreprocessConfig& config) {
  return {{"mean", config.mean},
          {"std", config.std},
          {"interpolation", config.interpolation},
          {"resize_mode", config.resize_mode}};
}

}  // namespace dermatome
