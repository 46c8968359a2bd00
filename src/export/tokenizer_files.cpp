#include "src/export/tokenizer_files.h"

#include <nlohmann/json.hpp>
#include <string>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "src/text/byte_pairs.h"
#include "src/text/vocabulary.h"

namespace dermatome {
namespace {

// What transformers calls the tokens that begin and end a text.
const char* const kStartName = "<|startoftext|>";
const char* const kEndName = "<|endoftext|>";

std::string symbols_json(const BytePairVocabulary& vocabulary) {
  nlohmann::json ids = vocabulary.ids;
  require(ids.size() == static_cast<size_t>(kStartOfTextId), "the vocabulary has a symbol per id");
  ids[kStartName] = kStartOfTextId;
  ids[kEndName] = kEndOfTextId;
  return ids.dump() + "\n";
}

std::string merges_text(const BytePairVocabulary& vocabulary) {
  std::string lines = "#version: 0.2\n";  // readers skip this heading
  for (const auto& [first, second] : vocabulary.merges) lines += text(first, ' ', second, '\n');
  return lines;
}

std::string tokenizer_config(int64_t context_length) {
  const nlohmann::ordered_json document = {{"tokenizer_class", "CLIPTokenizer"},
                                           {"model_max_length", context_length},
                                           {"bos_token", kStartName},
                                           {"eos_token", kEndName},
                                           {"unk_token", kEndName},
                                           {"pad_token", kEndName}};
  return document.dump(2) + "\n";
}

}  // namespace

void write_tokenizer_files(const std::filesystem::path& directory, int64_t context_length) {
  const BytePairVocabulary vocabulary = parse_vocabulary(read_vocabulary());
  write_file_atomically(directory / "vocab.json", symbols_json(vocabulary));
  write_file_atomically(directory / "merges.txt", merges_text(vocabulary));
  write_file_atomically(directory / "tokenizer_config.json", tokenizer_config(context_length));
}

}  // namespace dermatome
