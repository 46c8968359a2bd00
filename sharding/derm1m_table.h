// Derm1M's own tables (arXiv 2503.14911): the captions that MAKE trains on are derived from raw
// columns, as MAKE's published example rows show.
//
// Columns: caption (or, where there is none, truncated_caption), C; truncated_caption;
// hierarchical_disease_label (or ontology_final), O; skin_concept (or skin_concept_standarized, as
// MAKE spells it), V.
// - raw caption: truncated_caption, or C where it is missing;
// - ontology caption: "This is a skin photo diagnosed as O.";
// - visual-concept caption: "This skin photo shows V.";
// - subcaptions: the pieces of C between full stops, trimmed, empty ones left out, the first K;
//   that breaks "0.5 cm" in two, as in MAKE's own data (tools/captions.py splits sentences).
// "No definitive diagnosis" and "No visual concepts", in upper or lower case, with or without a
// final full stop, mean that there is no such caption. Whatever exists is valid.
#pragma once

#include <cstdint>
#include <memory>

#include "sharding/row_reader.h"

namespace dermatome {

// `caption_column`: the column that is C and the raw caption, if it is not one of those above.
// Throws DataError when a column is missing.
std::unique_ptr<RowReader> make_derm1m_row_reader(const TableReader& table, int64_t num_subcaptions,
                                                  const std::string& caption_column);

}  // namespace dermatome
