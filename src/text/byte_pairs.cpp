#include "src/text/byte_pairs.h"

#include <algorithm>
#include <limits>
#include <string>

#include "src/core/error.h"
#include "src/text/unicode.h"

namespace dermatome {

namespace {

constexpr int32_t kNumBytes = 256;
constexpr int32_t kNumMerges = 48894;
constexpr int32_t kNoMerge = std::numeric_limits<int32_t>::max();
constexpr int32_t kUnknown = -1;
constexpr std::string_view kEndOfWord = "</w>";

// Bytes that the vocabulary's text writes as themselves; they come first in the vocabulary.
bool is_printable(int byte) {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

uint64_t pair_key(int32_t first, int32_t second) {
  return static_cast<uint64_t>(first) << 32 | static_cast<uint32_t>(second);
}

}  // namespace

BytePairVocabulary parse_vocabulary(std::string_view merges) {
  BytePairVocabulary vocabulary;
  auto& ids = vocabulary.ids;
  int32_t next = 0;
  char32_t substitute = kNumBytes;
  for (const bool printable : {true, false}) {
    for (int byte = 0; byte < kNumBytes; ++byte) {
      if (is_printable(byte) != printable) continue;
      const char32_t shown = printable ? static_cast<char32_t>(byte) : substitute++;
      const std::string name = encode_utf8(std::u32string(1, shown));
      vocabulary.byte_ids[static_cast<size_t>(byte)] = next;
      ids[name] = next;
      ids[name + std::string(kEndOfWord)] = next + kNumBytes;
      ++next;
    }
  }

  size_t begin = merges.find('\n') + 1;  // behind the heading
  for (int32_t rank = 0; rank < kNumMerges; ++rank) {
    const size_t end = merges.find('\n', begin);
    require(end != std::string_view::npos, "the vocabulary is too short");
    const std::string_view line = merges.substr(begin, end - begin);
    const size_t space = line.find(' ');
    require(space != std::string_view::npos, "a merge of the vocabulary is not a pair");
    const auto& [first, second] =
        vocabulary.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
    // Two merges may give the same symbol; both then have the later id.
    ids[first + second] = 2 * kNumBytes + rank;
    begin = end + 1;
  }
  return vocabulary;
}

BytePairs::BytePairs(std::string_view merges) {
  const BytePairVocabulary vocabulary = parse_vocabulary(merges);
  byte_ids_ = vocabulary.byte_ids;
  const auto& ids = vocabulary.ids;
  merges_.reserve(kNumMerges);
  for (int32_t rank = 0; rank < kNumMerges; ++rank) {
    const auto& [first, second] = vocabulary.merges[static_cast<size_t>(rank)];
    merges_[pair_key(ids.at(first), ids.at(second))] = {rank, ids.at(first + second)};
  }
}

BytePairs::Merge BytePairs::find(int32_t first, int32_t second) const {
  const auto found = merges_.find(pair_key(first, second));
  return found == merges_.end() ? Merge{kNoMerge, 0} : found->second;
}

// Merges every pair of this rank, from the left; the merges of changed neighbors become unknown.
bool BytePairs::apply(int32_t rank, std::vector<Symbol>& word) {
  if (rank == kNoMerge) return false;
  size_t num_kept = 0;
  for (size_t i = 0; i < word.size(); ++i) {
    Symbol symbol = word[i];
    if (symbol.merge.rank == rank) {
      symbol = {symbol.merge.id, {kUnknown, 0}};
      if (num_kept > 0) word[num_kept - 1].merge.rank = kUnknown;
      ++i;
    }
    word[num_kept++] = symbol;
  }
  word.resize(num_kept);
  word.back().merge.rank = kNoMerge;
  return true;
}

void BytePairs::encode(std::string_view piece, std::vector<int32_t>& ids) const {
  std::vector<Symbol> word;
  word.reserve(piece.size());
  for (const char byte : piece) {
    word.push_back({byte_ids_[static_cast<uint8_t>(byte)], {kUnknown, 0}});
  }
  word.back() = {word.back().id + kNumBytes, {kNoMerge, 0}};
  int32_t best = kNoMerge;
  do {
    best = kNoMerge;
    for (size_t i = 0; i < word.size(); ++i) {
      if (word[i].merge.rank == kUnknown) word[i].merge = find(word[i].id, word[i + 1].id);
      best = std::min(best, word[i].merge.rank);
    }
  } while (apply(best, word));
  for (const Symbol& symbol : word) ids.push_back(symbol.id);
}

}  // namespace dermatome
