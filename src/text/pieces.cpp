#include "src/text/pieces.h"

#include <cstddef>

#include "src/text/unicode.h"

namespace dermatome {

namespace {

constexpr std::u32string_view kNames[] = {kStartOfText, kEndOfText, U"'s",  U"'t", U"'re",
                                          U"'ve",       U"'m",      U"'ll", U"'d"};

// The reference compares without regard to case: the long s, which has no other lower case, is an
// s.
bool equal_letters(char32_t text, char32_t name) {
  constexpr char32_t kLongS = 0x17f;
  return text == name || (text == kLongS && name == U's');
}

bool starts_with(std::u32string_view text, std::u32string_view name) {
  if (text.size() < name.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    if (!equal_letters(text[i], name[i])) return false;
  }
  return true;
}

// The iota subscript is a mark whose upper case is a letter, so that without regard to case it is
// neither a letter nor "no letter": the reference drops it.
bool is_other(char32_t c) {
  constexpr char32_t kIotaSubscript = 0x345;
  return !is_space(c) && !is_letter(c) && !is_number(c) && c != kIotaSubscript;
}

template <typename Predicate>
size_t run_length(std::u32string_view text, Predicate belongs) {
  size_t length = 0;
  while (length < text.size() && belongs(text[length])) ++length;
  return length;
}

// Length of the piece at the beginning of `text`; 0 where none begins.
size_t piece_length(std::u32string_view text) {
  if (text[0] == U'<' || text[0] == U'\'') {
    for (const std::u32string_view name : kNames) {
      if (starts_with(text, name)) return name.size();
    }
  }
  if (is_letter(text[0])) return run_length(text, is_letter);
  if (is_number(text[0])) return 1;
  return run_length(text, is_other);
}

}  // namespace

std::vector<std::u32string_view> split_pieces(std::u32string_view text) {
  std::vector<std::u32string_view> pieces;
  while (!text.empty()) {
    const size_t length = piece_length(text);
    if (length > 0) pieces.push_back(text.substr(0, length));
    text.remove_prefix(length > 0 ? length : 1);
  }
  return pieces;
}

}  // namespace dermatome
