#include "src/text/word_piece/tokenizer_json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "src/core/strict_json.h"
#include "src/core/text.h"
#include "src/text/word_piece/tokenizer_config.h"

namespace dermatome {

namespace {

using nlohmann::json;

void check_type(JsonObject& step, const std::string& needed) {
  if (step.get<std::string>("type") != needed) {
    step.fail("type", text("must be ", needed, ", as in BERT's tokenizers"));
  }
}

// Files from before 2021 do not name the kind.
std::string kind_of(JsonObject& model) {
  if (model.has("type")) return model.get<std::string>("type");
  if (model.has("merges")) return "BPE";
  return model.find("vocab").is_array() ? "Unigram" : "WordPiece";
}

void check_kind(JsonObject& root, JsonObject& model) {
  const std::string kind = kind_of(model);
  if (kind == "WordPiece") return;
  const bool of_bytes =
      root.find("pre_tokenizer").dump().find("\"ByteLevel\"") != std::string::npos;
  const std::string what = kind == "Unigram" ? "a Unigram tokenizer (SentencePiece)"
                           : kind != "BPE"   ? "a tokenizer of another kind"
                           : of_bytes        ? "a byte-level byte-pair encoding (GPT, RoBERTa)"
                                             : "a byte-pair encoding";
  const std::string problem =
      text("is ", what, "; only WordPiece, the tokenizer of BERT, can be read");
  if (model.has("type")) model.fail("type", problem);
  root.fail("model", problem);
}

void read_model(JsonObject& model, WordPieceSource& source) {
  std::string prefix = "##";
  model.read("continuing_subword_prefix", prefix);
  if (prefix != "##") model.fail("continuing_subword_prefix", "must be ##");
  model.read("unk_token", source.unknown);
  uint32_t longest = 100;
  model.read("max_input_chars_per_word", longest);
  source.rules.longest_word = longest;
  JsonObject vocabulary = model.object("vocab");
  for (const auto& [piece, id] : model.find("vocab").items()) {
    const auto number = vocabulary.get<uint32_t>(piece);
    if (number >= std::numeric_limits<int32_t>::max() ||
        !source.pieces.try_emplace(static_cast<int32_t>(number), piece).second) {
      vocabulary.fail(piece, "must be an id of 31 bits that no other piece has");
    }
  }
}

void read_normalizer(JsonObject normalizer, WordPieceRules& rules) {
  check_type(normalizer, "BertNormalizer");
  bool clean = true;
  normalizer.read("clean_text", clean);
  if (!clean) normalizer.fail("clean_text", "must be true: control characters are removed");
  normalizer.read("lowercase", rules.lower_case);
  rules.strip_accents = rules.lower_case;
  normalizer.read("strip_accents", rules.strip_accents);
  normalizer.read("handle_chinese_chars", rules.split_ideographs);
}

// The tokens around a single text.
void read_ends(JsonObject& root, WordPieceSource& source) {
  const json& processor = root.find("post_processor");
  if (processor.is_null()) return;
  try {
    if (processor.at("type") == "BertProcessing") {
      processor.at("cls").at(0).get_to(source.start);
      processor.at("sep").at(0).get_to(source.end);
      return;
    }
    const json& single = processor.at("single");
    if (processor.at("type") == "TemplateProcessing" && single.size() == 3) {
      single.at(1).at("Sequence");
      single.at(0).at("SpecialToken").at("id").get_to(source.start);
      single.at(2).at("SpecialToken").at("id").get_to(source.end);
      return;
    }
  } catch (const json::exception&) {
    // said below
  }
  root.fail("post_processor", "must put one token before a text and one behind it, as BERT's does");
}

void read_added_tokens(JsonObject& root, const std::string& file, WordPieceSource& source) {
  size_t i = 0;
  for (const json& entry : root.find("added_tokens")) {
    JsonObject token(file, text("added_tokens[", i++, "]"), entry);
    const auto id = token.get<uint32_t>("id");
    if (id >= std::numeric_limits<int32_t>::max()) token.fail("id", "must have 31 bits");
    source.special_tokens[read_added_token(token)] = static_cast<int32_t>(id);
  }
}

}  // namespace

WordPieceSource read_tokenizer_json(const std::string& content, const std::filesystem::path& path) {
  const json document = parse_json(content, path);
  JsonObject root(path, "", document);
  if (!root.has("model")) {
    root.fail("model", "is needed: this is not the tokenizer.json of a tokenizer");
  }
  WordPieceSource source;
  JsonObject model = root.object("model");
  check_kind(root, model);
  read_model(model, source);
  read_normalizer(root.object("normalizer"), source.rules);
  JsonObject splitter = root.object("pre_tokenizer");
  check_type(splitter, "BertPreTokenizer");
  read_ends(root, source);
  read_added_tokens(root, path, source);
  return source;
}

}  // namespace dermatome
