// A tokenizer whose ids can be told by eye, and which counts its work.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/core/hash.h"
#include "src/text/tokenizer.h"

namespace dermatome {

// Gives each byte its value plus 3, between the start token 1 and the end token 2.
class ToyTokenizer : public Tokenizer {
 public:
  explicit ToyTokenizer(const std::string& name = "toy", int64_t vocabulary_size = 259)
      : vocabulary_size_(vocabulary_size), hash_(sha256_hex(name)) {}

  std::vector<int32_t> encode(std::string_view text, int64_t context_length) const override {
    ++num_encoded_;
    std::vector<int32_t> ids{1};
    for (const char c : text) ids.push_back(static_cast<uint8_t>(c) + 3);
    ids.push_back(2);
    ids.resize(std::min(ids.size(), static_cast<size_t>(context_length)));
    ids.back() = 2;
    return ids;
  }
  int64_t vocabulary_size() const override { return vocabulary_size_; }
  const std::string& hash() const override { return hash_; }

  int64_t num_encoded() const { return num_encoded_; }  // calls of encode() so far

 private:
  int64_t vocabulary_size_;
  std::string hash_;
  mutable std::atomic<int64_t> num_encoded_ = 0;
};

}  // namespace dermatome
