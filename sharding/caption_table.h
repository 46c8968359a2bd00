// Tables with one caption per image, or none: captions from a column, from templates, or both. Only
// the raw caption comes from the column.
//
// A row without a caption of its own gets one from the templates whose cells it has. They take
// turns as the raw caption, row by row; the others of the row are its subcaptions.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "sharding/caption_template.h"
#include "sharding/row_reader.h"

namespace dermatome {

// `caption`: the column of captions; nullopt: none. The templates' columns have been looked up.
std::unique_ptr<RowReader> make_caption_row_reader(std::optional<size_t> caption,
                                                   std::vector<CaptionTemplate> templates,
                                                   int64_t num_subcaptions);

}  // namespace dermatome
