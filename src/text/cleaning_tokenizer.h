// A tokenizer of transformers as open_clip uses it (its HFTokenizer): texts are cleaned first.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/text/tokenizer.h"

namespace dermatome {

class CleaningTokenizer : public Tokenizer {
 public:
  explicit CleaningTokenizer(std::unique_ptr<const Tokenizer> inner);

  // The ids of clean_text(text).
  std::vector<int32_t> encode(std::string_view text, int64_t context_length) const override;
  int64_t vocabulary_size() const override { return inner_->vocabulary_size(); }
  const std::string& hash() const override { return hash_; }
  TokenizerFiles files() const override { return inner_->files(); }

 private:
  std::unique_ptr<const Tokenizer> inner_;
  std::string hash_;
};

}  // namespace dermatome
