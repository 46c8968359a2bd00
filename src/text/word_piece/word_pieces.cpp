#include "src/text/word_piece/word_pieces.h"

#include <algorithm>

namespace dermatome {

void WordPieces::add(std::string_view piece, int32_t id) {
  constexpr std::string_view kContinues = "##";
  const bool continues = piece.starts_with(kContinues);
  if (continues) piece.remove_prefix(kContinues.size());
  (continues ? continuations_ : beginnings_)[std::string(piece)] = id;
  longest_ = std::max(longest_, piece.size());
}

bool WordPieces::encode(std::string_view word, std::vector<int32_t>& ids) const {
  const size_t num_before = ids.size();
  for (size_t begin = 0; begin < word.size();) {
    const Table& table = begin == 0 ? beginnings_ : continuations_;
    size_t length = std::min(longest_, word.size() - begin);
    auto found = table.end();
    while (length > 0 && (found = table.find(word.substr(begin, length))) == table.end()) --length;
    if (length == 0) {
      ids.resize(num_before);
      return false;
    }
    ids.push_back(found->second);
    begin += length;
  }
  return true;
}

}  // namespace dermatome
