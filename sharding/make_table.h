// MAKE's training table (arXiv 2505.09372; the columns its released code reads): captions and masks
// are in it.
//
// Columns: truncated_caption (or, where there is none, caption): the raw caption;
// ontology_caption; visual_concept_caption; subcaption_1 ... subcaption_K; sub_caption_mask: at
// least K numbers 0 or 1 as text, "[1, 0, ...]"; knowledge_masks: three such numbers, for the raw,
// ontology and visual-concept caption in this order.
#pragma once

#include <cstdint>
#include <memory>

#include "sharding/row_reader.h"

namespace dermatome {

// A mask that calls a missing caption valid is overruled and counted in a warning. Masks that make
// sense only in the order raw, visual, ontology are counted too. `caption_column`: the column of
// the raw caption, if it is not one of those above. Throws DataError when a column is missing, with
// the number of subcaptions that are there if it is one of theirs.
std::unique_ptr<RowReader> make_make_row_reader(const TableReader& table, int64_t num_subcaptions,
                                                const std::string& caption_column);

}  // namespace dermatome
