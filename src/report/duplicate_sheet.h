// The sheet of `dermatome duplicates --sheet`: groups of near-duplicates side by side.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "src/leakage/duplicates.h"

namespace dermatome {

// So many groups and images of a group are shown; the sheet says how many more there are. A browser
// still scrolls through such a page without delay.
inline constexpr size_t kGroupsShown = 200;
inline constexpr size_t kImagesOfGroupShown = 8;

// An HTML page (src/report/page.h) titled `title`. An image that cannot be read again is shown as
// its error's text.
std::string render_duplicates(const std::string& title, std::span<const FoundGroup> groups);

}  // namespace dermatome
