#include "src/report/duplicate_sheet.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/image/resize.h"
#include "src/report/page.h"

namespace dermatome {
namespace {

using nlohmann::json;

constexpr int kShortSide = 160;

json show(const ShownImage& shown) {
  json entry = {{"name", shown.name}, {"note", shown.note}, {"uri", nullptr}};
  try {
    const Image image = shown.read();
    const bool is_large = std::min(image.width, image.height) > kShortSide;
    entry["uri"] = image_uri(is_large ? resize_shorter_side(image, kShortSide) : image, shown.name);
  } catch (const DataError& error) {
    entry["note"] = error.what();
  }
  return entry;
}

}  // namespace

std::string render_duplicates(const std::string& title, std::span<const FoundGroup> groups) {
  json shown = json::array();
  for (const FoundGroup& group : groups.first(std::min(groups.size(), kGroupsShown))) {
    json images = json::array();
    const size_t count = std::min(group.images.size(), kImagesOfGroupShown);
    for (size_t i = 0; i < count; ++i) images.push_back(show(group.images[i]));
    shown.push_back(
        {{"title", group.title}, {"images", images}, {"more", group.images.size() - count}});
  }
  const std::string subtitle =
      groups.empty() ? "No near-duplicates"
                     : text(shown.size(), " of ", groups.size(), " group(s) of near-duplicates");
  return render_sheet({{"title", title}, {"subtitle", subtitle}, {"groups", shown}});
}

}  // namespace dermatome
