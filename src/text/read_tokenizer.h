// Makes the tokenizer that files describe, and writes such files.
#pragma once

#include <filesystem>
#include <memory>

#include "src/text/tokenizer.h"

namespace dermatome {

// The tokenizer of BERT whose vocabulary is `path`: vocab.txt, tokenizer.json, or a directory that
// holds one of them; it cleans texts first, as open_clip does. An empty path: CLIP's, which is
// built in. Throws DataError.
std::unique_ptr<const Tokenizer> read_tokenizer(const std::filesystem::path& path);

// Writes tokenizer.files() into `directory`, which exists. Throws DataError.
void write_tokenizer_files(const Tokenizer& tokenizer, const std::filesystem::path& directory);

}  // namespace dermatome
