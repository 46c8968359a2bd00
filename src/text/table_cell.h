// Reads and writes the cells of tables of captions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dermatome {

// `text` without white space at its ends.
std::string_view trim(std::string_view text);

// Whether `cell` is white space, "nan" or "NaN", as pandas writes a missing value.
bool is_missing(std::string_view cell);

// "[1, 0, True]" -> {1, 0, 1}; parsed, never evaluated. Throws DataError beginning with `where`.
std::vector<uint8_t> parse_mask(std::string_view cell, const std::string& where);

// `text` as a quoted cell.
std::string quote_cell(std::string_view text);

// Reads a whole number. In a column with missing values pandas writes it as "3.0". Throws DataError
// beginning with `where`.
int64_t parse_integer(std::string_view cell, const std::string& where);

}  // namespace dermatome
