// Contact sheets: pictures and captions laid out on a white page, to be looked at. Equal records
// give equal pixels with equal fonts (src/image/text_drawing.h).
#pragma once

#include <span>
#include <string>

#include "src/data/sheet_record.h"
#include "src/image/image.h"

namespace dermatome {

// Every page is this wide, in pixels, and as high as its content.
inline constexpr int kSheetWidth = 1520;

// One record: its stored picture, its views beside it, beneath them every caption in a row of its
// own with the aspect's name. A masked caption is grey and marked so; one longer than six lines
// ends in "…". Throws ConfigError when the machine has no font.
Image draw_record_sheet(const SheetRecord& record);

// A grid of records under a title, each with its first view (at least one), its source and label
// and its first caption, shortened. Throws ConfigError when the machine has no font.
Image draw_overview_sheet(const std::string& title, const std::string& subtitle,
                          std::span<const SheetRecord> records);

}  // namespace dermatome
