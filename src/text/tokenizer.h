// From text to token ids, for every kind of text tower. Immutable after construction: any number of
// threads may use one object.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace dermatome {

// The longest text, in tokens, of CLIP's text tower.
inline constexpr int64_t kContextLength = 77;

// Contents of files by their names.
using TokenizerFiles = std::map<std::string, std::string>;

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  Tokenizer(const Tokenizer&) = delete;
  Tokenizer& operator=(const Tokenizer&) = delete;

  // Ids of `text` with the start token first and the end token last, cut to `context_length` (the
  // last id is then the end token); no padding. `text` is UTF-8; ill-formed bytes become U+FFFD.
  virtual std::vector<int32_t> encode(std::string_view text, int64_t context_length) const = 0;

  // Every id is below it.
  virtual int64_t vocabulary_size() const = 0;

  // SHA-256 (hex) over the vocabulary and the rules: tokenizers with equal hashes give equal ids.
  virtual const std::string& hash() const = 0;

  // The files from which read_tokenizer() and transformers make the same tokenizer again; none for
  // a vocabulary that is built in.
  virtual TokenizerFiles files() const { return {}; }

 protected:
  Tokenizer() = default;
};

}  // namespace dermatome
