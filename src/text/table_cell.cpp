#include "src/text/table_cell.h"

#include <charconv>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

bool is_missing(std::string_view cell) {
  const std::string_view text = trim(cell);
  return text.empty() || text == "nan" || text == "NaN";
}

std::vector<uint8_t> parse_mask(std::string_view cell, const std::string& where) {
  const auto fail = [&](const std::string& what) {
    throw DataError(dermatome::text(where, ": '", cell, "' is not a mask: ", what));
  };
  std::string_view text = trim(cell);
  if (!text.starts_with('[') || !text.ends_with(']')) {
    fail("write a list in brackets, such as [1, 0, 1]");
  }
  text = trim(text.substr(1, text.size() - 2));
  std::vector<uint8_t> mask;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view entry = trim(text.substr(0, comma));
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    const bool one = entry == "1" || entry == "1.0" || entry == "True";
    if (!one && entry != "0" && entry != "0.0" && entry != "False") {
      fail(dermatome::text("entry ", entry, " is neither 0 nor 1; write one of them"));
    }
    mask.push_back(one ? 1 : 0);
  }
  return mask;
}

std::string quote_cell(std::string_view text) {
  std::string cell = "\"";
  for (const char c : text) {
    if (c == '"') cell += c;
    cell += c;
  }
  return cell + '"';
}

int64_t parse_integer(std::string_view cell, const std::string& where) {
  std::string_view text = trim(cell);
  if (text.ends_with(".0")) text.remove_suffix(2);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    throw DataError(dermatome::text(where, ": '", cell,
                                    "' is not a whole number; write one, or leave the cell empty"));
  }
  return value;
}

}  // namespace dermatome
