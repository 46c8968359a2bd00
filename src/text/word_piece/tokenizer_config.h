// The settings of a tokenizer that stand in transformers' tokenizer_config.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>

#include "src/core/strict_json.h"

namespace dermatome {

struct TokenizerConfig {
  // The file, if there is one.
  std::optional<std::filesystem::path> path;
  std::string tokenizer_class;  // empty if not said
  std::optional<bool> lower_case, strip_accents, split_ideographs;
  // The tokens of BERT by their roles: unk_token, sep_token, pad_token, cls_token, mask_token.
  std::map<std::string, std::string> roles;
  std::map<std::string, int32_t> added_tokens;
};

// Reads `path`, or gives the defaults of transformers' BertTokenizer if there is no such file.
// Throws DataError.
TokenizerConfig read_tokenizer_config(const std::filesystem::path& path);

// One token of "added_tokens" or "added_tokens_decoder": its content. Throws DataError for one that
// also takes spaces beside it, or that is looked for elsewhere than in the text as it is given.
std::string read_added_token(JsonObject& token);

}  // namespace dermatome
