// Reads the files by which BERT's tokenizers are handed on: vocab.txt, or tokenizer.json of the
// tokenizers library, each with the tokenizer_config.json of transformers beside it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "src/text/tokenizer.h"
#include "src/text/word_piece/words.h"

namespace dermatome {

struct WordPieceSource {
  std::map<int32_t, std::string> pieces;  // by id
  WordPieceRules rules;
  // Tokens that are not split where they stand in a text, and their ids.
  std::map<std::string, int32_t> special_tokens;
  // Names, each one of `special_tokens`: what stands before a text, behind it, and for a word that
  // has no pieces.
  std::string start = "[CLS]";
  std::string end = "[SEP]";
  std::string unknown = "[UNK]";
  // The files from which transformers makes the same tokenizer.
  TokenizerFiles files;
};

// Reads `path`: a vocab.txt, a file that ends with .json and is a tokenizer.json, or a directory
// that holds one of them (tokenizer.json goes first). Throws DataError, which names the file and
// what is wrong: also for tokenizers of another kind, and for settings that are not BERT's.
WordPieceSource read_word_piece(const std::filesystem::path& path);

}  // namespace dermatome
