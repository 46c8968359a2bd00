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

using nlohmann::json;
using nlohmann::ordered_json;

const char* const kStartName = "<|startoftext|>";
const char* const kEndName = "<|endoftext|>";
const char* const kEndOfWord = "</w>";
// The pieces that byte pairs are formed in: English contractions, runs of letters, single digits,
// runs of anything else. src/text/pieces.h does the same.
const char* const kPieces = R"('s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+)";

json symbols_with_ids(const BytePairVocabulary& vocabulary) {
  json ids = vocabulary.ids;
  require(ids.size() == static_cast<size_t>(kStartOfTextId), "a symbol of the vocabulary per id");
  ids[kStartName] = kStartOfTextId;
  ids[kEndName] = kEndOfTextId;
  return ids;
}

json merge_lines(const BytePairVocabulary& vocabulary) {
  json lines = json::array();
  for (const auto& [first, second] : vocabulary.merges) {
    lines.push_back(text(first, ' ', second));
  }
  return lines;
}

ordered_json added_token(const char* name, int64_t id) {
  return {{"id", id},        {"content", name},    {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", true}, {"special", true}};
}

ordered_json typed(const char* type) { return {{"type", type}}; }

ordered_json normalizer() {
  const ordered_json spaces = {
      {"type", "Replace"}, {"pattern", {{"Regex", R"(\s+)"}}}, {"content", " "}};
  return {{"type", "Sequence"},
          {"normalizers", ordered_json::array({typed("NFC"), spaces, typed("Lowercase")})}};
}

ordered_json pre_tokenizer() {
  const std::string names = R"(<\|startoftext\|>|<\|endoftext\|>|)";
  const ordered_json split = {{"type", "Split"},
                              {"pattern", {{"Regex", names + kPieces}}},
                              {"behavior", "Removed"},
                              {"invert", true}};
  const ordered_json bytes = {
      {"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}};
  return {{"type", "Sequence"}, {"pretokenizers", ordered_json::array({split, bytes})}};
}

// The description of the whole tokenizer, for the library `tokenizers`.
std::string tokenizer_json(const json& ids, const json& merges) {
  ordered_json document = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  document["added_tokens"] = ordered_json::array(
      {added_token(kStartName, kStartOfTextId), added_token(kEndName, kEndOfTextId)});
  document["normalizer"] = normalizer();
  document["pre_tokenizer"] = pre_tokenizer();
  document["post_processor"] = {{"type", "RobertaProcessing"},
                                {"sep", ordered_json::array({kEndName, kEndOfTextId})},
                                {"cls", ordered_json::array({kStartName, kStartOfTextId})},
                                {"trim_offsets", false},
                                {"add_prefix_space", false}};
  document["decoder"] = {{"type", "ByteLevel"}, {"add_prefix_space", true}, {"trim_offsets", true}};
  document["model"] = {{"type", "BPE"},
                       {"dropout", nullptr},
                       {"unk_token", kEndName},
                       {"continuing_subword_prefix", ""},
                       {"end_of_word_suffix", kEndOfWord},
                       {"fuse_unk", false}};
  // The two long lists go in as text: an ordered object would look up every key among all others.
  std::string written = document.dump();
  written.resize(written.size() - 2);  // the braces that end the model and the document
  return text(written, ",\"vocab\":", ids.dump(), ",\"merges\":", merges.dump(), "}}\n");
}

std::string tokenizer_config(int64_t context_length) {
  const ordered_json document = {{"tokenizer_class", "CLIPTokenizer"},
                                 {"model_max_length", context_length},
                                 {"bos_token", kStartName},
                                 {"eos_token", kEndName},
                                 {"unk_token", kEndName},
                                 {"pad_token", kEndName},
                                 {"add_prefix_space", false},
                                 {"errors", "replace"},
                                 {"do_lower_case", true}};
  return document.dump(2) + "\n";
}

}  // namespace

void write_tokenizer_files(const std::filesystem::path& directory, int64_t context_length) {
  const BytePairVocabulary vocabulary = parse_vocabulary(read_vocabulary());
  const json ids = symbols_with_ids(vocabulary);
  const json merges = merge_lines(vocabulary);
  std::string merges_text = "#version: 0.2\n";
  for (const json& line : merges) merges_text += line.get<std::string>() + "\n";
  write_file_atomically(directory / "tokenizer.json", tokenizer_json(ids, merges));
  write_file_atomically(directory / "vocab.json", ids.dump() + "\n");
  write_file_atomically(directory / "merges.txt", merges_text);
  write_file_atomically(directory / "tokenizer_config.json", tokenizer_config(context_length));
}

}  // namespace dermatome
