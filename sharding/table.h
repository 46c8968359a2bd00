// A table of images as samples, whichever kind of table it is: CSV, or JSON lines if its name ends
// in .jsonl.
//
// Every kind has a column of image files. The other columns are those of make_table.h,
// derm1m_table.h or caption_table.h. A table of labels has a column of classes (by default `label`)
// and no captions, except those that templates make. Further columns are ignored, except
// `ontology_label`: a node of an ontology, -1 for none.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sharding/sample_table.h"
#include "src/core/caption_rows.h"

namespace dermatome {

class TableReader;

enum class TableKind { kMake, kDerm1m, kCaptions, kLabels };
inline const std::map<std::string, TableKind> kTableKinds = {{"make", TableKind::kMake},
                                                             {"derm1m", TableKind::kDerm1m},
                                                             {"captions", TableKind::kCaptions},
                                                             {"labels", TableKind::kLabels}};

struct TableOptions {
  // By default the columns decide: MAKE's has knowledge_masks, Derm1M's has one of the two names
  // of its column of diagnoses, a table of captions has a column of captions, a table of labels has
  // none of these.
  std::optional<TableKind> kind = std::nullopt;
  int64_t num_subcaptions = kDefaultNumSubcaptions;
  // Empty: no labels; in a table of captions `label`, if it is there; in a table of labels `label`.
  std::string label_column = {};
  // Empty: the first that is there of filename (MAKE's and Derm1M's tables), filepath (open_clip's)
  // and file_name (Hugging Face's).
  std::string image_column = {};
  // The raw caption. Empty: the kind's column; in a table of captions the first that is there of
  // truncated_caption, caption, title (open_clip's) and text (Hugging Face's).
  std::string caption_column = {};
  std::optional<char> separator = std::nullopt;  // by default find_separator() decides
  std::vector<std::string> templates = {};       // caption_template.h
};

// Throws DataError with file and line (or column) for whatever cannot be read, ConfigError for
// options that contradict each other. A cell that is empty or NaN ("nan" or "NaN", as pandas writes
// it) is missing.
SampleTable read_table(const std::filesystem::path& path, const TableOptions& options);

// The same for a table that is open. Its content_hash is empty.
SampleTable read_samples(TableReader& rows, const TableOptions& options);

// Opens the table `path`, whose `content` must outlive it.
std::unique_ptr<TableReader> open_table(const std::filesystem::path& path,
                                        const std::string& content, const TableOptions& options);

// The hash for what was read from `content` as `options` say.
std::string table_hash(const std::string& content, const TableOptions& options);

// Samples without captions or labels, whose images `column` names. Throws DataError.
SampleTable read_file_names(const std::filesystem::path& path, const std::string& column);

}  // namespace dermatome
