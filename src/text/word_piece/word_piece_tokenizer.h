// BERT's WordPiece tokenizer: id for id what transformers' BertTokenizerFast gives (tokenizers
// 0.23). Text is cleaned and split into words (words.h), and every word into the longest pieces of
// the vocabulary. Special tokens such as "[SEP]" that stand in the text, as they are written in the
// vocabulary, become their ids; one that the vocabulary lacks is plain text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "src/text/tokenizer.h"
#include "src/text/word_piece/word_pieces.h"
#include "src/text/word_piece/words.h"

namespace dermatome {

struct WordPieceSource;

class WordPieceTokenizer : public Tokenizer {
 public:
  // Reads vocab.txt, tokenizer.json, or a directory that holds one of them
  // (read_word_piece() in word_piece_files.h). Throws DataError.
  explicit WordPieceTokenizer(const std::filesystem::path& path);

  std::vector<int32_t> encode(std::string_view text, int64_t context_length) const override;
  int64_t vocabulary_size() const override { return vocabulary_size_; }
  const std::string& hash() const override { return hash_; }
  TokenizerFiles files() const override { return files_; }

 private:
  struct SpecialToken {
    std::string name;
    int32_t id;
  };
  struct Place {
    size_t begin;
    const SpecialToken* token;  // null: there is none, and `begin` is the end of the text
  };

  explicit WordPieceTokenizer(WordPieceSource source);
  Place find_special_token(std::string_view text) const;
  void encode_plain(std::string_view text, size_t max_ids, std::vector<int32_t>& ids) const;

  WordPieces pieces_;
  WordPieceRules rules_;
  std::vector<SpecialToken> special_tokens_;  // long names first
  std::string special_first_bytes_;
  int32_t start_ = 0, end_ = 0, unknown_ = 0;
  int64_t vocabulary_size_ = 0;
  std::string hash_;
  TokenizerFiles files_;
};

}  // namespace dermatome
