// The pieces of a WordPiece vocabulary. Immutable: any number of threads may use one object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace dermatome {

class WordPieces {
 public:
  // Adds `piece` (UTF-8); one that begins with "##" continues a word. A piece that is there gets
  // the new id.
  void add(std::string_view piece, int32_t id);

  // Appends the ids of `word` (UTF-8 without white space): of its longest piece, of the longest
  // piece of what remains, and so on. False, and nothing is appended, if a remainder begins with no
  // piece.
  bool encode(std::string_view word, std::vector<int32_t>& ids) const;

 private:
  struct BytesHash {
    using is_transparent = void;
    size_t operator()(std::string_view bytes) const { return std::hash<std::string_view>()(bytes); }
  };
  using Table = std::unordered_map<std::string, int32_t, BytesHash, std::equal_to<>>;

  Table beginnings_;
  Table continuations_;  // without "##"
  size_t longest_ = 0;   // in bytes
};

}  // namespace dermatome
