// A table of images (CSV) as samples, whichever kind of table it is.
//
// Every kind has the column `filename`. The other columns are those of make_table.h or
// derm1m_table.h; a table of labels has one with classes (by default `label`) and no captions.
// Further columns are ignored, except `ontology_label`: a node of an ontology, -1 for none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include "sharding/sample_table.h"
#include "src/core/caption_rows.h"

namespace dermatome {

enum class TableKind { kMake, kDerm1m, kLabels };
inline const std::map<std::string, TableKind> kTableKinds = {
    {"make", TableKind::kMake}, {"derm1m", TableKind::kDerm1m}, {"labels", TableKind::kLabels}};

struct TableOptions {
  // By default the columns decide: MAKE's has knowledge_masks, Derm1M's has one of the two names
  // of its column of diagnoses, a table of labels has neither.
  std::optional<TableKind> kind = std::nullopt;
  int64_t num_subcaptions = kDefaultNumSubcaptions;
  std::string label_column = {};  // empty: no labels; in a table of labels: `label`
};

// Throws DataError with file and line (or column) for whatever cannot be read. A cell that is empty
// or NaN ("nan" or "NaN", as pandas writes it) is missing.
SampleTable read_table(const std::filesystem::path& path, const TableOptions& options);

// Samples without captions or labels, whose images `column` names. Throws DataError.
SampleTable read_file_names(const std::filesystem::path& path, const std::string& column);

}  // namespace dermatome
