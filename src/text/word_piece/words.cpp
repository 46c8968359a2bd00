#include "src/text/word_piece/words.h"

#include <utility>

#include "src/text/unicode.h"
#include "src/text/word_piece/characters.h"

namespace dermatome {

std::u32string clean_for_bert(std::string_view text, const WordPieceRules& rules) {
  std::u32string cleaned;
  cleaned.reserve(text.size());
  for (const char32_t c : decode_utf8(text)) {
    if (is_bert_control(c)) continue;
    if (rules.split_ideographs && is_ideograph(c)) {
      cleaned.append({U' ', c, U' '});
    } else {
      cleaned.push_back(c);
    }
  }
  if (rules.strip_accents) cleaned = without_accents(cleaned);
  if (rules.lower_case) cleaned = bert_lower(std::move(cleaned));
  return cleaned;
}

std::vector<std::u32string_view> split_words(std::u32string_view text) {
  std::vector<std::u32string_view> words;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const bool alone = i < text.size() && is_bert_punctuation(text[i]);
    if (i < text.size() && !alone && !is_bert_space(text[i])) continue;
    if (i > begin) words.push_back(text.substr(begin, i - begin));
    if (alone) words.push_back(text.substr(i, 1));
    begin = i + 1;
  }
  return words;
}

}  // namespace dermatome
