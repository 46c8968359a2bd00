#include "src/text/ftfy/character_repair.h"

#include <algorithm>
#include <vector>

#include "src/text/unicode.h"

namespace dermatome {

namespace {

struct Ligature {
  char32_t character;
  std::u32string_view letters;
};

constexpr Ligature kLigatures[] = {
    {U'\u0132', U"IJ"},      {U'\u0133', U"ij"}, {U'\u0149', U"\u02bcn"}, {U'\u01f1', U"DZ"},
    {U'\u01f2', U"Dz"},      {U'\u01f3', U"dz"}, {U'\u01c4', U"D\u017d"}, {U'\u01c5', U"D\u017e"},
    {U'\u01c6', U"d\u017e"}, {U'\u01c7', U"LJ"}, {U'\u01c8', U"Lj"},      {U'\u01c9', U"lj"},
    {U'\u01ca', U"NJ"},      {U'\u01cb', U"Nj"}, {U'\u01cc', U"nj"},      {U'\ufb00', U"ff"},
    {U'\ufb01', U"fi"},      {U'\ufb02', U"fl"}, {U'\ufb03', U"ffi"},     {U'\ufb04', U"ffl"},
    {U'\ufb05', U"\u017ft"}, {U'\ufb06', U"st"},
};

constexpr char32_t kFirstWidthForm = 0xff01;
constexpr char32_t kLastWidthForm = 0xffef;

// The usual form of every half-width and full-width character, from kFirstWidthForm on.
const std::vector<std::u32string>& width_forms() {
  static const std::vector<std::u32string> forms = [] {
    std::vector<std::u32string> result;
    for (char32_t c = kFirstWidthForm; c <= kLastWidthForm; ++c) {
      result.push_back(compose_compatibly(std::u32string(1, c)));
    }
    return result;
  }();
  return forms;
}

bool is_control(char32_t c) {
  const bool arabic = c >= 0x206a && c <= 0x206f;
  const bool annotation = c >= 0xfff9 && c <= 0xfffc;  // and the object replacement character
  constexpr char32_t kByteOrderMark = 0xfeff;
  return is_ascii_control(c) || arabic || annotation || c == kByteOrderMark;
}

// Length of ESC [ 1;2 m at the beginning of `text`; 0 if there is none.
size_t terminal_escape_length(std::u32string_view text) {
  if (!text.starts_with(U"\x1b[")) return 0;
  size_t end = 2;
  while (end < text.size() && (text[end] == U';' || is_decimal_digit(text[end]))) ++end;
  return end < text.size() && is_ascii_letter(text[end]) ? end + 1 : 0;
}

}  // namespace

std::u32string split_ligatures(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  for (const char32_t c : text) {
    const auto* found = std::ranges::find(kLigatures, c, &Ligature::character);
    if (c < 0x80 || found == std::end(kLigatures)) {
      result.push_back(c);
    } else {
      result += found->letters;
    }
  }
  return result;
}

std::u32string normalize_width(std::u32string_view text) {
  constexpr char32_t kIdeographicSpace = 0x3000;
  std::u32string result;
  result.reserve(text.size());
  for (const char32_t c : text) {
    if (c >= kFirstWidthForm && c <= kLastWidthForm) {
      result += width_forms()[c - kFirstWidthForm];
    } else {
      result.push_back(c == kIdeographicSpace ? U' ' : c);
    }
  }
  return result;
}

void straighten_quotes(std::u32string& text) {
  constexpr char32_t kApostropheLetter = 0x2bc;
  for (char32_t& c : text) {
    if ((c >= 0x2018 && c <= 0x201b) || c == kApostropheLetter) c = U'\'';
    if (c >= 0x201c && c <= 0x201f) c = U'"';
  }
}

std::u32string unify_line_breaks(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    const bool line_break = c == U'\r' || c == 0x85 || c == 0x2028 || c == 0x2029;
    result.push_back(line_break ? U'\n' : c);
    if (c == U'\r' && i + 1 < text.size() && text[i + 1] == U'\n') ++i;
  }
  return result;
}

std::u32string remove_terminal_escapes(std::u32string_view text) {
  std::u32string result;
  result.reserve(text.size());
  while (!text.empty()) {
    const size_t length = terminal_escape_length(text);
    if (length == 0) result.push_back(text[0]);
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return result;
}

void remove_controls(std::u32string& text) { std::erase_if(text, is_control); }

}  // namespace dermatome
