// CLIP's byte-pair tokenizer: token for token what open_clip 3.3's SimpleTokenizer gives with its
// default cleaning (ftfy's text repair, HTML entities unescaped twice, white space collapsed, lower
// case). Immutable after construction: any number of threads may use one object.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace dermatome {

inline constexpr int64_t kContextLength = 77;

class Tokenizer {
 public:
  // Reads the vocabulary that is built into the binary (OpenAI's, 49,408 tokens).
  Tokenizer();
  ~Tokenizer();
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Ids of `text` with start-of-text first and end-of-text last, cut to `context_length` (the last
  // id is then end-of-text, as in open_clip); no padding. `text` is UTF-8; ill-formed bytes become
  // U+FFFD.
  std::vector<int32_t> encode(std::string_view text, int64_t context_length = kContextLength) const;

  int32_t start_of_text() const { return 49406; }
  int32_t end_of_text() const { return 49407; }
  int64_t vocabulary_size() const { return 49408; }

  // SHA-256 (hex) over the vocabulary and the version of the cleaning rules. Shards with another
  // hash are refused.
  const std::string& hash() const;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace dermatome
