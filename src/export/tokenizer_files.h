// CLIP's tokenizer in the files of transformers' CLIPTokenizer.
#pragma once

#include <cstdint>
#include <filesystem>

namespace dermatome {

// The ids with which the tokenizer begins and ends a text.
inline constexpr int64_t kStartOfTextId = 49406;
inline constexpr int64_t kEndOfTextId = 49407;

// Writes vocab.json, merges.txt and tokenizer_config.json into `directory`, which exists. Texts are
// cut to `context_length` ids and padded with kEndOfTextId. Throws DataError.
void write_tokenizer_files(const std::filesystem::path& directory, int64_t context_length);

}  // namespace dermatome
