#include "src/text/word_piece/tokenizer_config.h"

#include <charconv>
#include <nlohmann/json.hpp>

#include "src/core/error.h"
#include "src/core/file.h"

namespace dermatome {

namespace {

void read_optional(JsonObject& config, const std::string& key, std::optional<bool>& out) {
  if (config.has(key)) out = config.get<bool>(key);
}

// A token is its text, or an object with its text.
std::string read_token(JsonObject& config, const std::string& key) {
  return config.find(key).is_object() ? config.object(key).get<std::string>("content")
                                      : config.get<std::string>(key);
}

void read_added_tokens(JsonObject& config, std::map<std::string, int32_t>& added) {
  const std::string key = "added_tokens_decoder";
  if (!config.has(key)) return;
  JsonObject tokens = config.object(key);
  for (const auto& [id, unused] : config.find(key).items()) {
    int32_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    if (error != std::errc() || end != id.data() + id.size() || number < 0) {
      tokens.fail(id, "must have the id of the token as its key");
    }
    JsonObject token = tokens.object(id);
    added[read_added_token(token)] = number;
  }
}

}  // namespace

TokenizerConfig read_tokenizer_config(const std::filesystem::path& path) {
  TokenizerConfig result;
  result.roles = {{"unk_token", "[UNK]"},
                  {"sep_token", "[SEP]"},
                  {"pad_token", "[PAD]"},
                  {"cls_token", "[CLS]"},
                  {"mask_token", "[MASK]"}};
  if (!std::filesystem::exists(path)) return result;
  result.path = path;
  const nlohmann::json document = parse_json(read_file(path), path);
  JsonObject config(path, "", document);
  config.read("tokenizer_class", result.tokenizer_class);
  read_optional(config, "do_lower_case", result.lower_case);
  read_optional(config, "strip_accents", result.strip_accents);
  read_optional(config, "tokenize_chinese_chars", result.split_ideographs);
  bool splits_words = true;
  config.read("do_basic_tokenize", splits_words);
  if (!splits_words) {
    config.fail("do_basic_tokenize", "must be true: words are split at punctuation");
  }
  for (auto& [role, token] : result.roles) {
    if (config.has(role)) token = read_token(config, role);
  }
  read_added_tokens(config, result.added_tokens);
  return result;
}

std::string read_added_token(JsonObject& token) {
  for (const char* key : {"single_word", "lstrip", "rstrip", "normalized"}) {
    bool value = false;
    token.read(key, value);
    if (value) token.fail(key, "must be false: tokens are looked for in the text as it is given");
  }
  return token.get<std::string>("content");
}

}  // namespace dermatome
