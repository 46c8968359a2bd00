// CLIP's byte-pair tokenizer: token for token what open_clip 3.3's SimpleTokenizer gives with its
// default cleaning (ftfy's text repair, HTML entities unescaped twice, white space collapsed, lower
// case).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "src/text/tokenizer.h"

namespace dermatome {

class ClipTokenizer : public Tokenizer {
 public:
  // Reads the vocabulary that is built into the binary (OpenAI's, 49,408 tokens).
  ClipTokenizer();
  ~ClipTokenizer() override;

  std::vector<int32_t> encode(std::string_view text, int64_t context_length) const override;
  std::vector<int32_t> encode(std::string_view text) const { return encode(text, kContextLength); }

  int32_t start_of_text() const { return 49406; }
  int32_t end_of_text() const { return 49407; }
  int64_t vocabulary_size() const override { return 49408; }

  const std::string& hash() const override;

 private:
  struct Tables;
  std::unique_ptr<const Tables> tables_;
};

}  // namespace dermatome
