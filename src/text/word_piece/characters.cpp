#include "src/text/word_piece/characters.h"

#include <unicode/uchar.h>

#include <algorithm>
#include <cstdint>

#include "src/text/unicode.h"

namespace dermatome {

namespace {

// Below it, no character has a decomposition or is a mark.
constexpr char32_t kFirstDecomposed = 0xc0;
constexpr uint8_t kNewestCategories = 8;  // the version of Unicode

// The category of `c` as a mask; 0 if it came after Unicode 8. Characters whose category has
// changed since then have the old one.
uint32_t category(char32_t c) {
  switch (c) {
    case 0x166d:
    case 0x111c9:
      return U_GC_PO_MASK;
    case 0x1734:
      return U_GC_MN_MASK;
    case 0x1885:
    case 0x1886:
      return U_GC_LO_MASK;
    case 0xa9bd:
      return U_GC_MC_MASK;
    default:
      break;
  }
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] > kNewestCategories ? 0 : U_GET_GC_MASK(static_cast<UChar32>(c));
}

}  // namespace

bool is_bert_control(char32_t c) {
  if (c == U'\t' || c == U'\n' || c == U'\r') return false;
  if (c < 0x80) return c < 0x20 || c == 0x7f;
  if (c == kReplacementCharacter) return true;
  return (category(c) & (U_GC_CC_MASK | U_GC_CF_MASK | U_GC_CO_MASK)) != 0;
}

bool is_bert_space(char32_t c) {
  if (c < 0x80) return c == U' ' || (c >= 0x09 && c <= 0x0d);
  return u_isUWhiteSpace(static_cast<UChar32>(c));
}

bool is_bert_punctuation(char32_t c) {
  if (c < 0x80) return c > U' ' && c < 0x7f && !is_ascii_letter(c) && !is_ascii_digit(c);
  return (category(c) & U_GC_P_MASK) != 0;
}

bool is_ideograph(char32_t c) {
  constexpr struct {
    char32_t first, last;
  } kBlocks[] = {{0x3400, 0x4dbf},   {0x4e00, 0x9fff},   {0xf900, 0xfaff},   {0x20000, 0x2a6df},
                 {0x2a700, 0x2b73f}, {0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf},  // sic: not 2b820
                 {0x2f800, 0x2fa1f}};
  return std::ranges::any_of(
      kBlocks, [c](const auto& block) { return block.first <= c && c <= block.last; });
}

std::u32string without_accents(const std::u32string& text) {
  if (std::ranges::all_of(text, [](char32_t c) { return c < kFirstDecomposed; })) return text;
  std::u32string decomposed = decompose(text);
  std::erase_if(decomposed, [](char32_t c) {
    return c >= kFirstDecomposed && (category(c) & U_GC_MN_MASK) != 0;
  });
  return decomposed;
}

std::u32string bert_lower(std::u32string text) {
  constexpr char32_t kCapitalDottedI = 0x130;  // the only capital with two small characters
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c < 0x80) {
      if (c >= U'A' && c <= U'Z') text[i] += U'a' - U'A';
    } else if (c == kCapitalDottedI) {
      text.replace(i++, 1, U"i\u0307");
    } else {
      text[i] = static_cast<char32_t>(u_tolower(static_cast<UChar32>(c)));
    }
  }
  return text;
}

}  // namespace dermatome
