#include "src/text/word_piece/word_piece_files.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/json_text.h"
#include "src/core/quoted.h"
#include "src/core/text.h"
#include "src/text/unicode.h"
#include "src/text/word_piece/characters.h"
#include "src/text/word_piece/tokenizer_config.h"
#include "src/text/word_piece/tokenizer_json.h"

namespace dermatome {

namespace {

constexpr const char* kVocabulary = "vocab.txt";
constexpr const char* kTokenizerJson = "tokenizer.json";
constexpr const char* kConfig = "tokenizer_config.json";

// Files of other kinds of tokenizers.
constexpr std::pair<const char*, const char*> kOtherKinds[] = {
    {"merges.txt", "a byte-pair encoding, as GPT, RoBERTa and CLIP have it"},
    {"spiece.model", "a SentencePiece model"},
    {"sentencepiece.bpe.model", "a SentencePiece model"},
    {"tokenizer.model", "a SentencePiece model"},
};

std::filesystem::path vocabulary_in(const std::filesystem::path& directory) {
  for (const char* name : {kTokenizerJson, kVocabulary}) {
    if (std::filesystem::exists(directory / name)) return directory / name;
  }
  for (const auto& [name, kind] : kOtherKinds) {
    if (std::filesystem::exists(directory / name)) {
      throw DataError(text(directory, ": holds ", kind, " (", name,
                           "); only WordPiece, the tokenizer of BERT, can be read"));
    }
  }
  throw DataError(text(directory, ": holds neither ", kTokenizerJson, " nor ", kVocabulary,
                       "; copy one of them from the repository of the text model, with its ",
                       kConfig));
}

std::string_view without_spaces_at_end(std::string_view line, const std::string& where) {
  if (well_formed_length(line) != line.size()) {
    throw DataError(where + ": is not UTF-8; expected a vocabulary with one piece on each line");
  }
  std::u32string piece = decode_utf8(line);
  while (!piece.empty() && is_bert_space(piece.back())) piece.pop_back();
  return line.substr(0, encode_utf8(piece).size());
}

// One piece on each line. If a piece is there twice, the later line counts, as for the reference.
std::map<int32_t, std::string> read_lines(std::string_view content,
                                          const std::filesystem::path& path) {
  std::map<std::string, int32_t> ids;
  for (int32_t id = 0; !content.empty(); ++id) {
    const size_t end = std::min(content.find('\n'), content.size());
    const std::string_view line =
        without_spaces_at_end(content.substr(0, end), text(path, ":", id + 1));
    ids[std::string(line)] = id;
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  std::map<int32_t, std::string> pieces;
  for (const auto& [piece, id] : ids) pieces[id] = piece;
  return pieces;
}

// Whether so many pieces have capitals that no lower-cased text made them. (The names of special
// tokens are capitals in every vocabulary.)
bool has_capitals(const std::map<int32_t, std::string>& pieces) {
  const auto capital = [](char c) { return c >= 'A' && c <= 'Z'; };
  const auto num_capitals = std::ranges::count_if(pieces, [&](const auto& entry) {
    return !entry.second.starts_with('[') && std::ranges::any_of(entry.second, capital);
  });
  return num_capitals * 10 > std::ssize(pieces);
}

WordPieceSource read_vocabulary_text(const std::string& content, const std::filesystem::path& path,
                                     const TokenizerConfig& config) {
  static const std::set<std::string> kClasses = {"",
                                                 "BertTokenizer",
                                                 "BertTokenizerFast",
                                                 "DistilBertTokenizer",
                                                 "DistilBertTokenizerFast",
                                                 "ElectraTokenizer",
                                                 "ElectraTokenizerFast",
                                                 "PreTrainedTokenizerFast",
                                                 "TokenizersBackend"};
  if (!kClasses.contains(config.tokenizer_class)) {
    throw DataError(text(*config.path, ": tokenizer_class (", quoted(config.tokenizer_class),
                         ") is not BertTokenizer; only BERT's tokenizer can be read"));
  }
  WordPieceSource source;
  source.pieces = read_lines(content, path);
  if (!config.lower_case && has_capitals(source.pieces)) {
    throw DataError(text(path, ": many pieces have capitals, and no ", kConfig,
                         " beside it says whether the tokenizer makes text lower case: write "
                         "{\"do_lower_case\": false} to it, or true"));
  }
  source.start = config.roles.at("cls_token");
  source.end = config.roles.at("sep_token");
  source.unknown = config.roles.at("unk_token");
  return source;
}

// What `path` says goes unless the config says something; they must not contradict each other.
void apply(const std::optional<bool>& setting, const char* key, const TokenizerConfig& config,
           const std::filesystem::path& path, bool is_json, bool& rule) {
  if (setting && is_json && *setting != rule) {
    throw DataError(text(*config.path, ": ", key, " (", *setting ? "true" : "false",
                         ") contradicts the normalizer in ", path,
                         "; transformers goes by the former: make them equal"));
  }
  rule = setting.value_or(rule);
}

// Tokens that stand for something are special wherever they stand; a vocabulary may lack some.
void add_special_tokens(const TokenizerConfig& config, const std::filesystem::path& path,
                        WordPieceSource& source) {
  std::map<std::string, int32_t> ids;
  for (const auto& [id, piece] : source.pieces) ids[piece] = id;
  for (const auto& [name, id] : config.added_tokens) source.special_tokens.try_emplace(name, id);
  for (const auto& [role, name] : config.roles) {
    if (ids.contains(name)) source.special_tokens.try_emplace(name, ids.at(name));
  }
  for (const auto* name : {&source.start, &source.end, &source.unknown}) {
    if (ids.contains(*name)) source.special_tokens.try_emplace(*name, ids.at(*name));
    if (source.special_tokens.contains(*name)) continue;
    throw DataError(text(path, ": has no piece ", quoted(*name),
                         "; expected the vocabulary of a BERT tokenizer"));
  }
  for (const auto& [name, id] : source.special_tokens) {
    if (name.empty()) throw DataError(text(path, ": the token with the id ", id, " is empty"));
    if (ids.contains(name) && ids.at(name) != id) {
      throw DataError(text(path, ": gives ", quoted(name), " the id ", ids.at(name),
                           ", but the token that is added under this name has ", id));
    }
  }
}

// tokenizer_config.json, which transformers reads for the settings.
std::string config_content(const WordPieceSource& source, const TokenizerConfig& config) {
  nlohmann::json content = {{"tokenizer_class", "BertTokenizer"},
                            {"do_lower_case", source.rules.lower_case},
                            {"strip_accents", source.rules.strip_accents},
                            {"tokenize_chinese_chars", source.rules.split_ideographs}};
  for (const auto& [role, name] : config.roles) {
    if (source.special_tokens.contains(name)) content[role] = name;
  }
  content["cls_token"] = source.start;
  content["sep_token"] = source.end;
  content["unk_token"] = source.unknown;
  for (const auto& [name, id] : source.special_tokens) {
    content["added_tokens_decoder"][std::to_string(id)] = {
        {"content", name}, {"lstrip", false},      {"normalized", false},
        {"rstrip", false}, {"single_word", false}, {"special", true}};
  }
  return json_page(content) + "\n";
}

}  // namespace

WordPieceSource read_word_piece(const std::filesystem::path& given) {
  const std::filesystem::path path =
      std::filesystem::is_directory(given) ? vocabulary_in(given) : given;
  const bool is_json = path.extension() == ".json";
  const std::string content = read_file(path);
  const TokenizerConfig config = read_tokenizer_config(path.parent_path() / kConfig);
  WordPieceSource source =
      is_json ? read_tokenizer_json(content, path) : read_vocabulary_text(content, path, config);
  WordPieceRules& rules = source.rules;
  apply(config.lower_case, "do_lower_case", config, path, is_json, rules.lower_case);
  if (!is_json) rules.strip_accents = rules.lower_case;
  apply(config.strip_accents, "strip_accents", config, path, is_json, rules.strip_accents);
  apply(config.split_ideographs, "tokenize_chinese_chars", config, path, is_json,
        rules.split_ideographs);
  add_special_tokens(config, path, source);
  source.files = {{is_json ? kTokenizerJson : kVocabulary, content},
                  {kConfig, config_content(source, config)}};
  return source;
}

}  // namespace dermatome
