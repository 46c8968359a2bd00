// Byte-pair encoding of one piece of text with CLIP's merges. Immutable: any number of threads may
// use one object.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace dermatome {

// The symbols of CLIP's vocabulary, as its text writes them, and how they merge.
struct BytePairVocabulary {
  std::array<int32_t, 256> byte_ids{};                      // of a byte that is not a word's last
  std::vector<std::pair<std::string, std::string>> merges;  // the most frequent first
  std::unordered_map<std::string, int32_t> ids;  // of all but the two that begin and end a text
};

// `merges` is the vocabulary's text (vocabulary.h). Throws InternalError when it has another form.
BytePairVocabulary parse_vocabulary(std::string_view merges);

class BytePairs {
 public:
  // `merges` is the vocabulary's text (vocabulary.h). Throws InternalError when it has another
  // form.
  explicit BytePairs(std::string_view merges);

  // Appends the ids of `piece` (bytes, not empty) to `ids`.
  void encode(std::string_view piece, std::vector<int32_t>& ids) const;

 private:
  struct Merge {
    int32_t rank;
    int32_t id;
  };
  struct Symbol {
    int32_t id;
    Merge merge;  // with the symbol that follows
  };

  Merge find(int32_t first, int32_t second) const;
  static bool apply(int32_t rank, std::vector<Symbol>& word);

  std::array<int32_t, 256> byte_ids_{};
  std::unordered_map<uint64_t, Merge> merges_;
};

}  // namespace dermatome
