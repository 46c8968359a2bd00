#include "src/text/ftfy/mojibake.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "src/text/ftfy/code_pages.h"
#include "src/text/unicode.h"

namespace dermatome {

namespace {

enum Class : uint32_t {
  kCommon = 1u << 0,  // seen in mojibake, but as often elsewhere
  kC1 = 1u << 1,
  kBad = 1u << 2,  // hardly seen outside mojibake
  kLaw = 1u << 3,
  kCurrency = 1u << 4,
  kOpening = 1u << 5,
  kClosing = 1u << 6,
  kNumeric = 1u << 7,
  kFace = 1u << 8,  // letters that draw faces, which stand in odd places
  kUpperAccented = 1u << 9,
  kLowerAccented = 1u << 10,
  kUpperCommon = 1u << 11,
  kLowerCommon = 1u << 12,
  kBox = 1u << 13,
  kAsciiUpper = 1u << 14,
  kAsciiLower = 1u << 15,
  kSpace = 1u << 16,  // any white space
  kWord = 1u << 17,   // letters, numbers, underscore
  kNotAsciiLetter = 1u << 18,
  kNotNewline = 1u << 19,
};
constexpr uint32_t kAsciiLetter = kAsciiUpper | kAsciiLower;
constexpr uint32_t kAccented = kLowerAccented | kUpperAccented;
constexpr uint32_t kPunctuation = kOpening | kClosing;

struct ClassMembers {
  Class name;
  std::u32string_view members;  // "a-z" is a range
};

constexpr ClassMembers kMembers[] = {
    {kCommon, U"\u00a0\u00ad·´–—―…’"},
    {kC1, U"\x80-\x9f"},
    {kBad, U"¦¤¨¬¯¸ƒˆˇ˘˛˜†‡‰⌐◊\ufffdªº"},
    {kLaw, U"¶§"},
    {kCurrency, U"¢£¥₧€"},
    {kOpening, U"¡«¿©\u0384\u0385‘‚“„•‹\uf8ff"},
    {kClosing, U"®»˝”›™"},
    {kNumeric, U"²³¹±¼½¾×µ÷⁄∂\u2206∏∑√∞∩∫≈≠≡≤≥№"},
    {kFace, U"Ò-ÖÙ-Üò-öø-üŐŌŪŲ°"},
    {kUpperAccented, U"À-ÑØÜÝĂĀĄĆČĎĐĘĚĒĖĞĢİĪĶĹĽŁĻŃŇŅŒŘŚŞŠŢŤŮŰŸŹŻŽҐ"},
    {kLowerAccented, U"ßà-ñăąāćčďđęěēėğģįīķĺľłļœŕśşšťüźżžґ\ufb01\ufb02"},
    {kUpperCommon, U"ÞΑ-ΩΆΈΉΊΌΎΏΪΫЁ-Я"},
    {kLowerCommon, U"α-ωάέήίΰа-џ"},
    {kBox, U"│┌┐┘├┤┬┼═-╬▀▄█▌▐░▒▓"},
    {kAsciiUpper, U"A-Z"},
    {kAsciiLower, U"a-z"},
};

constexpr char32_t kTableSize = 0x10000;

uint32_t general_classes(char32_t c) {
  uint32_t classes = 0;
  if (is_space(c)) classes |= kSpace;
  if (is_letter(c) || is_number(c) || c == U'_') classes |= kWord;
  if (!is_ascii_letter(c)) classes |= kNotAsciiLetter;
  if (c != U'\n') classes |= kNotNewline;
  return classes;
}

uint32_t classes_of(char32_t c) {
  static const std::vector<uint32_t> table = [] {
    std::vector<uint32_t> classes(kTableSize);
    for (char32_t i = 0; i < kTableSize; ++i) classes[i] = general_classes(i);
    for (const auto& [name, members] : kMembers) {
      for (size_t i = 0; i < members.size(); ++i) {
        const bool range = i + 2 < members.size() && members[i + 1] == U'-';
        const char32_t last = members[range ? i + 2 : i];
        for (char32_t member = members[i]; member <= last; ++member) classes[member] |= name;
        if (range) i += 2;
      }
    }
    return classes;
  }();
  return c < kTableSize ? table[c] : general_classes(c);
}

// One character of a rule: a member of one of the classes or one of the characters.
struct Set {
  uint32_t classes = 0;
  std::u32string_view characters = {};

  bool unused() const { return classes == 0 && characters.empty(); }
  bool matches(char32_t c, uint32_t classes_of_c) const {
    return (classes & classes_of_c) != 0 || characters.find(c) != characters.npos;
  }
};

constexpr size_t kLongestRule = 7;

struct Rule {
  Set sets[kLongestRule];
  bool only_at_begin = false;
};

constexpr uint32_t kBesideBad = kAccented | kBox | kPunctuation | kCurrency | kNumeric | kLaw;
constexpr uint32_t kBetweenCapitals = kC1 | kBad | kPunctuation | kCurrency;
constexpr uint32_t kArabicSecond = kCommon | kCurrency | kBad | kNumeric | kOpening;

// A text is bad where one of these sequences occurs.
constexpr Rule kRules[] = {
    {{{kC1}}},
    {{{kBesideBad | kBad}, {kBad}}},
    {{{kAsciiLetter}, {kLowerCommon | kUpperCommon}, {kBad}}},
    {{{kBad}, {kBesideBad}}},
    {{{kLowerAccented | kLowerCommon | kBox | kClosing | kCurrency | kNumeric}, {kUpperAccented}}},
    {{{kBox | kClosing | kCurrency | kNumeric}, {kLowerAccented}}},
    {{{kLowerAccented | kBox | kClosing}, {kCurrency}}},
    {{{kSpace}, {kUpperAccented}, {kCurrency}}},
    {{{kUpperAccented | kBox}, {kNumeric | kLaw}}},
    {{{kAccented | kBox | kCurrency | kClosing}, {kOpening}, {kNumeric}}},
    {{{kAccented | kCurrency | kNumeric | kBox | kLaw}, {kClosing}, {kOpening}}},
    {{{kCurrency | kNumeric | kBox}, {kOpening}}},
    {{{kAsciiLower}, {kUpperAccented}, {kOpening | kCurrency}}},
    {{{kBox}, {kFace}}},
    {{{kAccented | kCurrency | kNumeric | kPunctuation | kLaw}, {kBox}}},
    {{{kBox}, {kClosing}}},
    {{{kAccented}, {kPunctuation}, {kWord}}},
    {{{0, U"Œœ"}, {kNotAsciiLetter}}},
    {{{kUpperAccented}, {0, U"°"}}},
    // Windows-1252.
    {{{0, U"ÂÃÎÐ"}, {kPunctuation, U"€œŠš¢£Ÿž\u00a0\u00ad®©°·»–—´"}}},
    {{{0, U"×"}, {0, U"²³"}}},
    {{{0, U"ØÙ"}, {kArabicSecond, U"ŸŠ®°µ»"}, {0, U"ØÙ"}, {kArabicSecond, U"ŸŠ®°µ»"}}},
    {{{0, U"à"}, {0, U"²µ¹¼½¾"}}},
    // Mac OS Roman.
    {{{0, U"√"}, {0, U"±∂†≠®™´≤≥¥µø"}}},
    {{{0, U"≈"}, {0, U"°¢"}}},
    {{{0, U"‚"}, {0, U"Ä"}, {0, U"ìîïòôúùû†°¢π"}}},
    {{{0, U"‚"}, {0, U"âó"}, {0, U"àä°ê"}}},
    // Windows-1251; the last is read wrongly twice.
    {{{0, U"в"}, {0, U"Ђ"}}},
    {{{0, U"ВГРС"}, {kBetweenCapitals, U"°µ"}, {0, U"ВГРС"}}},
    {{{0, U"Г"}, {0, U"ў"}, {0, U"В"}, {0, U"Ђ"}, {0, U"В"}, {kNotNewline}, {kAsciiLetter, U" "}}},
    // Â and à before a space that was a no-break space, or before what they encode.
    {{{0, U"Ã"}, {0, U"\u00a0¡"}}},
    {{{kAsciiLower}, {0, U"ÃÂ"}, {0, U" "}}},
    {{{kAsciiLower}, {kSpace}, {0, U"ÃÂ"}, {0, U" "}}},
    {{{0, U"ÃÂ"}, {0, U" "}}, /*only_at_begin=*/true},
    {{{kAsciiLower | kClosing, U".,?!"}, {0, U"Â"}, {kPunctuation, U" "}}},
    // Windows-1253 and Windows-1257.
    {{{0, U"β"}, {0, U"€"}, {0, U"™\u00a0Ά\u00ad®°"}}},
    {{{0, U"ΒΓΞΟ"}, {kBetweenCapitals, U"°"}, {0, U"ΒΓΞΟ"}}},
    {{{0, U"ā"}, {0, U"€"}}},
};

// The characters as which the code pages show the bytes of UTF-8.
struct ByteClues {
  std::u32string first_of_2;
  std::u32string first_of_3;
  std::u32string first_of_4;
  std::u32string following;          // with the space, which no-break spaces become
  std::u32string certain_following;  // without punctuation that is used everywhere
};

std::u32string shown_as(uint8_t first, uint8_t last) {
  // Latin-1 and the Windows pages; the other pages are too different to be told apart.
  constexpr size_t kNumLatinLike = 7;
  std::u32string characters;
  for (size_t page = 0; page < kNumLatinLike; ++page) {
    for (int byte = first; byte <= last; ++byte) {
      characters.push_back(code_pages()[page].decode(static_cast<uint8_t>(byte)));
    }
  }
  std::ranges::sort(characters);
  characters.erase(std::unique(characters.begin(), characters.end()), characters.end());
  return characters;
}

const ByteClues& byte_clues() {
  static const ByteClues clues = [] {
    ByteClues result;
    result.first_of_2 = shown_as(0xc2, 0xdf);
    result.first_of_3 = shown_as(0xe0, 0xef);
    // Other first bytes lead to planes that are hardly assigned.
    result.first_of_4 = shown_as(0xf0, 0xf0) + shown_as(0xf3, 0xf3);
    std::ranges::sort(result.first_of_4);
    result.certain_following = shown_as(0x80, 0xbf);
    result.following = U' ' + result.certain_following;
    std::erase_if(result.certain_following, [](char32_t c) {
      return std::u32string_view(U"–—―‘’‚“”„•…").find(c) != std::u32string_view::npos;
    });
    return result;
  }();
  return clues;
}

bool contains(const std::u32string& sorted, char32_t c) {
  return std::ranges::binary_search(sorted, c);
}

// Length of the part at the beginning of `text` that looks like one UTF-8 sequence; 0 if none does.
size_t sequence_length(std::u32string_view text) {
  const ByteClues& clues = byte_clues();
  size_t num_following = 0;
  while (num_following < 3 && num_following + 1 < text.size() &&
         contains(clues.following, text[num_following + 1])) {
    ++num_following;
  }
  if (num_following >= 1 && contains(clues.first_of_2, text[0])) return 2;
  if (num_following >= 2 && contains(clues.first_of_3, text[0])) return 3;
  if (num_following >= 3 && contains(clues.first_of_4, text[0])) return 4;
  return 0;
}

}  // namespace

bool looks_misread(std::u32string_view text) {
  std::vector<uint32_t> classes(text.size());
  std::ranges::transform(text, classes.begin(), classes_of);
  const auto matches = [&](const Rule& rule, size_t begin) {
    if (rule.only_at_begin && begin > 0) return false;
    for (size_t i = 0; i < kLongestRule && !rule.sets[i].unused(); ++i) {
      const size_t at = begin + i;
      if (at >= text.size() || !rule.sets[i].matches(text[at], classes[at])) return false;
    }
    return true;
  };
  for (size_t begin = 0; begin < text.size(); ++begin) {
    if (std::ranges::any_of(kRules, [&](const Rule& rule) { return matches(rule, begin); })) {
      return true;
    }
  }
  return false;
}

MisreadRun find_misread_run(std::u32string_view text, size_t begin) {
  for (size_t i = begin; i < text.size(); ++i) {
    // The end of a longer garbled run stays: half a repair would make it worse.
    if (text[i] < 0x80 || (i > 0 && contains(byte_clues().certain_following, text[i - 1])))
      continue;
    size_t length = 0;
    while (i + length < text.size()) {
      const size_t sequence = sequence_length(text.substr(i + length));
      if (sequence == 0) break;
      length += sequence;
    }
    if (length > 0) return {i, length};
  }
  return {text.size(), 0};
}

}  // namespace dermatome
