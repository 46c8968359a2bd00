// The part of the tokenizers library's file format that describes BERT's tokenizers.
#pragma once

#include <filesystem>
#include <string>

#include "src/text/word_piece/word_piece_files.h"

namespace dermatome {

// Reads `content`, the text of `path`. Its `files` stay empty. Throws DataError for other kinds of
// tokenizers and for steps that BERT's do not have.
WordPieceSource read_tokenizer_json(const std::string& content, const std::filesystem::path& path);

}  // namespace dermatome
