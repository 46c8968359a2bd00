#include "src/text/read_tokenizer.h"

#include "src/core/file.h"
#include "src/text/cleaning_tokenizer.h"
#include "src/text/clip_tokenizer.h"
#include "src/text/word_piece/word_piece_tokenizer.h"

namespace dermatome {

std::unique_ptr<const Tokenizer> read_tokenizer(const std::filesystem::path& path) {
  if (path.empty()) return std::make_unique<const ClipTokenizer>();
  return std::make_unique<const CleaningTokenizer>(
      std::make_unique<const WordPieceTokenizer>(path));
}

void write_tokenizer_files(const Tokenizer& tokenizer, const std::filesystem::path& directory) {
  for (const auto& [name, content] : tokenizer.files()) {
    write_file_atomically(directory / name, content);
  }
}

}  // namespace dermatome
