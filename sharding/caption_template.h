// Captions made from the cells of a table: "a photo of a {}", "{age}-year-old, {diagnosis}".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "src/text/table_reader.h"

namespace dermatome {

class CaptionTemplate {
 public:
  // {} stands for the label, {NAME} for the cell of column NAME; {{ and }} are braces. Throws
  // ConfigError unless `given` has a placeholder and its braces are in pairs.
  explicit CaptionTemplate(const std::string& given);

  // The columns that the placeholders name, each once; "" is the label.
  std::vector<std::string> names() const;

  // Looks up the columns. `label`: where the label is, nullopt if there is none. Throws DataError,
  // naming the template, for a column that `table` does not have.
  void find_columns(const TableReader& table, std::optional<size_t> label);

  // The text for a row of that table; nullopt where the cell of a placeholder is missing. Cells are
  // trimmed, and whole numbers that pandas wrote as "45.0" become "45".
  std::optional<std::string> fill(const CsvRow& row) const;

 private:
  struct Piece {
    std::string before;  // text before the placeholder
    std::string name;
    size_t column = 0;
  };
  std::string given_;
  std::vector<Piece> pieces_;
  std::string after_;  // text behind the last placeholder
};

// Whether each of `templates` needs the label, as {} or {label}. Throws as CaptionTemplate().
bool need_label(const std::vector<std::string>& templates);

}  // namespace dermatome
