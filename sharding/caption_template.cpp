#include "sharding/caption_template.h"

#include <algorithm>
#include <string_view>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/text/table_cell.h"

namespace dermatome {
namespace {

// A cell as it stands in a sentence.
std::string_view spoken(std::string_view cell) {
  cell = trim(cell);
  if (!cell.ends_with(".0")) return cell;
  const std::string_view whole = cell.substr(0, cell.size() - 2);
  const std::string_view digits = whole.substr(whole.starts_with('-') ? 1 : 0);
  const bool whole_number =
      !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos;
  return whole_number ? whole : cell;
}

}  // namespace

CaptionTemplate::CaptionTemplate(const std::string& given) : given_(given) {
  const auto refuse = [&](const char* why) {
    throw ConfigError(text("--template '", given, "' ", why,
                           "; {} stands for the label, {NAME} for the cell of column NAME, and {{ "
                           "and }} for a brace"));
  };
  std::string before;
  for (size_t i = 0; i < given.size(); ++i) {
    const char c = given[i];
    if ((c == '{' || c == '}') && i + 1 < given.size() && given[i + 1] == c) {
      before += given[i++];
    } else if (c == '{') {
      const size_t end = given.find_first_of("{}", i + 1);
      if (end == std::string::npos || given[end] == '{') refuse("has a { without its }");
      pieces_.push_back({std::move(before), given.substr(i + 1, end - i - 1)});
      before.clear();
      i = end;
    } else if (c == '}') {
      refuse("has a } without its {");
    } else {
      before += c;
    }
  }
  if (pieces_.empty()) refuse("has no placeholder, so all images would have the same caption");
  after_ = std::move(before);
}

std::vector<std::string> CaptionTemplate::names() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_) {
    if (std::ranges::find(names, piece.name) == names.end()) names.push_back(piece.name);
  }
  return names;
}

void CaptionTemplate::find_columns(const TableReader& table, std::optional<size_t> label) {
  for (Piece& piece : pieces_) {
    const auto column = piece.name.empty() ? label : table.find_column(piece.name);
    if (column) {
      piece.column = *column;
      continue;
    }
    const std::string start = text("--template '", given_, "': ", table.name());
    if (piece.name.empty()) {
      throw DataError(text(start,
                           " has no column 'label' for {}; its columns are: ", table.column_list(),
                           ". Name the column of labels by --label-column, or write {NAME}"));
    }
    throw DataError(text(start, " has no column '", piece.name,
                         "'; its columns are: ", table.column_list(), ". Correct the name"));
  }
}

std::optional<std::string> CaptionTemplate::fill(const CsvRow& row) const {
  std::string filled;
  for (const Piece& piece : pieces_) {
    const std::string& cell = row.fields[piece.column];
    if (is_missing(cell)) return std::nullopt;
    filled += piece.before;
    filled += spoken(cell);
  }
  return filled + after_;
}

bool need_label(const std::vector<std::string>& templates) {
  return std::ranges::all_of(templates, [](const std::string& given) {
    const std::vector<std::string> names = CaptionTemplate(given).names();
    return std::ranges::any_of(
        names, [](const std::string& name) { return name.empty() || name == "label"; });
  });
}

}  // namespace dermatome
