// MAKE's training table (arXiv 2505.09372; the columns its released code reads) as samples.
//
// Columns: filename; truncated_caption (or, where there is none, caption): the raw caption;
// ontology_caption; visual_concept_caption; subcaption_1 ... subcaption_K; sub_caption_mask: at
// least K numbers 0 or 1 as text, "[1, 0, ...]"; knowledge_masks: three of them, for the raw,
// ontology and visual-concept caption in this order. Masks are parsed, never evaluated.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "sharding/sample_table.h"
#include "src/core/caption_rows.h"

namespace dermatome {

struct MakeTableOptions {
  int64_t num_subcaptions = kDefaultNumSubcaptions;
  std::string label_column;  // empty: no labels
};

// Throws DataError with file and line (or column) for whatever cannot be read. A cell that is empty
// or NaN ("nan" or "NaN", as pandas writes it) is a missing caption; a mask that calls it valid is
// overruled, and counted as a warning; so are masks that make sense only in the order raw, visual,
// ontology.
SampleTable read_make_table(const std::filesystem::path& path, const MakeTableOptions& options);

}  // namespace dermatome
