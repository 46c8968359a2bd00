#include "src/text/ftfy/html_entities.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "src/text/ftfy/code_pages.h"
#include "src/text/unicode.h"

namespace dermatome {

namespace {

struct Entity {
  std::string_view name;  // as behind the ampersand
  std::u32string_view text;
};

// kEntities and kUpperCaseEntities, both in the order of their names.
#include "src/text/ftfy/html_entities.inc"

constexpr size_t kLongestName = 32;

// The entity's text, empty for an unknown name.
template <size_t kSize>
std::u32string_view find_entity(const Entity (&entities)[kSize], std::u32string_view name) {
  const auto less = [](const Entity& entity, std::u32string_view wanted) {
    return std::ranges::lexicographical_compare(entity.name, wanted, {},
                                                [](char c) { return static_cast<char32_t>(c); });
  };
  const Entity* found = std::lower_bound(std::begin(entities), std::end(entities), name, less);
  if (found == std::end(entities) || !std::ranges::equal(found->name, name)) return {};
  return found->text;
}

bool is_noncharacter(char32_t c) { return (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe; }

// The text for which `number` stands. Beyond the end of Unicode its exact value is not known.
std::u32string numbered_character(uint32_t number) {
  const auto c = static_cast<char32_t>(number);
  if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff)) return {kReplacementCharacter};
  if (is_c1_control(c)) return {windows_1252_character(static_cast<uint8_t>(c))};
  if (is_ascii_control(c) || is_noncharacter(c)) return {};
  return {c};
}

int hexadecimal_digit(char32_t c) {
  if (is_ascii_digit(c)) return static_cast<int>(c - U'0');
  const char32_t letter = c | 0x20;
  return letter >= U'a' && letter <= U'f' ? static_cast<int>(letter - U'a') + 10 : -1;
}

// Reads "#12;" or "#x1f" at the beginning of `text`; returns its length, 0 if there is none.
size_t read_number(std::u32string_view text, std::u32string& result) {
  const bool hexadecimal = text.size() > 1 && (text[1] | 0x20) == U'x';
  const uint32_t base = hexadecimal ? 16 : 10;
  const size_t begin = hexadecimal ? 2 : 1;
  uint32_t number = 0;
  size_t end = begin;
  for (; end < text.size(); ++end) {
    const int digit = hexadecimal_digit(text[end]);
    if (digit < 0 || digit >= static_cast<int>(base)) break;
    number = std::min<uint32_t>(number * base + static_cast<uint32_t>(digit), 0x110000);
  }
  if (end == begin) return 0;
  result += numbered_character(number);
  return end < text.size() && text[end] == U';' ? end + 1 : end;
}

// Reads a name at the beginning of `text`; returns its length, 0 if it names nothing.
size_t read_name(std::u32string_view text, std::u32string& result) {
  constexpr std::u32string_view kEndsName = U"\t\n\f <&#;";
  size_t length = std::min(text.find_first_of(kEndsName), std::min(text.size(), kLongestName));
  if (length == 0) return 0;
  if (length < text.size() && text[length] == U';') ++length;
  for (; length > 1; --length) {
    const std::u32string_view found = find_entity(kEntities, text.substr(0, length));
    if (!found.empty()) {
      result += found;
      return length;
    }
  }
  return 0;
}

// Reads a closed and short "name;" or "#12;" at the beginning of `text`; returns its length, 0 if
// there is none.
size_t read_closed(std::u32string_view text, std::u32string& result) {
  constexpr size_t kMaxLength = 24;
  const size_t begin = !text.empty() && text[0] == U'#' ? 1 : 0;
  size_t end = begin;
  while (end < text.size() && (is_ascii_letter(text[end]) || is_ascii_digit(text[end]))) ++end;
  if (end == begin || end - begin > kMaxLength || end == text.size() || text[end] != U';') return 0;
  const std::u32string_view reference = text.substr(0, ++end);
  if (begin == 1) {
    std::u32string character;
    if (read_number(reference, character) != end || character == U";") return 0;
    result += character;
    return end;
  }
  std::u32string_view found = find_entity(kEntities, reference);
  if (found.empty()) found = find_entity(kUpperCaseEntities, reference);
  result += found;
  return found.empty() ? 0 : end;
}

template <typename Read>
std::u32string replace_references(std::u32string_view text, Read read) {
  std::u32string result;
  result.reserve(text.size());
  for (size_t ampersand = 0; (ampersand = text.find(U'&')) != text.npos;) {
    result += text.substr(0, ampersand);
    text.remove_prefix(ampersand + 1);
    const size_t length = read(text, result);
    if (length == 0) result.push_back(U'&');
    text.remove_prefix(length);
  }
  result += text;
  return result;
}

}  // namespace

std::u32string unescape_html(std::u32string_view text) {
  return replace_references(text, [](std::u32string_view rest, std::u32string& result) {
    return !rest.empty() && rest[0] == U'#' ? read_number(rest, result) : read_name(rest, result);
  });
}

std::u32string unescape_closed_html(std::u32string_view text) {
  return replace_references(text, read_closed);
}

}  // namespace dermatome
