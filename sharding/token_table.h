// Token ids of many texts, and how they are made.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "src/text/tokenizer.h"

namespace dermatome {

// Ids of texts, back to back: text i has [bounds[i], bounds[i + 1]) of them.
struct TokenTable {
  std::vector<uint16_t> ids;
  std::vector<uint64_t> bounds{0};

  int64_t size() const { return std::ssize(bounds) - 1; }
  std::span<const uint16_t> operator[](int64_t text) const {
    return std::span(ids).subspan(bounds[text], bounds[text + 1] - bounds[text]);
  }
  bool operator==(const TokenTable&) const = default;
};

// Throws ConfigError for a tokenizer with more ids than a table's 16 bits can hold.
void check_vocabulary(const Tokenizer& tokenizer);

// The ids of `texts`, each as Tokenizer::encode() gives them. `num_threads`: as in parallel_for().
// Throws what check_vocabulary() throws.
TokenTable tokenize(const std::vector<std::string_view>& texts, const Tokenizer& tokenizer,
                    int64_t context_length, int num_threads);

// `table` as its tokenizer would have made it for `context_length`, if that is not more than
// before: texts are cut, and the last id of each stays the end token.
TokenTable cut_texts(const TokenTable& table, int64_t context_length);

}  // namespace dermatome
