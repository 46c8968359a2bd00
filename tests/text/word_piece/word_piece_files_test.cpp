#include "src/text/word_piece/word_piece_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "src/core/file.h"
#include "src/text/word_piece/word_piece_tokenizer.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// The tokenizer.json that tokenizers 0.23 writes for the vocabulary [UNK] [CLS] [SEP] a ##b.
const nlohmann::json kDocument = nlohmann::json::parse(R"({
  "version": "1.0", "truncation": null, "padding": null,
  "added_tokens": [{"id": 1, "content": "[CLS]", "single_word": false, "lstrip": false,
                    "rstrip": false, "normalized": false, "special": true}],
  "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                 "strip_accents": null, "lowercase": false},
  "pre_tokenizer": {"type": "BertPreTokenizer"},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
               {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "[SEP]", "type_id": 0}}]},
  "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
  "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "a": 3, "##b": 4}}})");

class WordPieceFiles : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    write_file_atomically(folder_ / name, content);
    return folder_ / name;
  }
  WordPieceSource read() const { return read_word_piece(folder_); }
  // The message for kDocument with `value` at `pointer`.
  std::string error_with(const char* pointer, const nlohmann::json& value) const {
    nlohmann::json document = kDocument;
    document[nlohmann::json::json_pointer(pointer)] = value;
    write("tokenizer.json", document.dump());
    return error_of([this] { read(); });
  }

  const std::filesystem::path folder_ = scratch_folder();
};

TEST_F(WordPieceFiles, ReadsTokenizerJson) {
  write("tokenizer.json", kDocument.dump());
  write("vocab.txt", "not read\n");
  const WordPieceSource source = read();
  EXPECT_THAT(source.pieces, ElementsAre(Pair(0, "[UNK]"), Pair(1, "[CLS]"), Pair(2, "[SEP]"),
                                         Pair(3, "a"), Pair(4, "##b")));
  EXPECT_THAT(source.special_tokens,
              ElementsAre(Pair("[CLS]", 1), Pair("[SEP]", 2), Pair("[UNK]", 0)));
  EXPECT_FALSE(source.rules.lower_case);
  EXPECT_FALSE(source.rules.strip_accents) << "it follows lower case";
  EXPECT_EQ(source.files.at("tokenizer.json"), kDocument.dump());
}

TEST_F(WordPieceFiles, GiveOneHashFromEitherFile) {
  const auto json = write("tokenizer.json", kDocument.dump());
  const auto lines = write("vocab.txt", "[UNK]\r\n[CLS]\n[SEP] \na\n##b");
  write("tokenizer_config.json", R"({"do_lower_case": false})");
  EXPECT_EQ(WordPieceTokenizer(json).hash(), WordPieceTokenizer(lines).hash());
}

TEST_F(WordPieceFiles, ReadsOlderForms) {
  nlohmann::json document = kDocument;
  document["model"].erase("type");
  document["added_tokens"].push_back({{"id", 7}, {"content", "[NEW]"}});
  document["post_processor"] = {
      {"type", "BertProcessing"}, {"sep", {"[SEP]", 2}}, {"cls", {"[UNK]", 0}}};
  document["normalizer"]["strip_accents"] = true;
  const WordPieceTokenizer tokenizer(write("tokenizer.json", document.dump()));
  EXPECT_EQ(tokenizer.vocabulary_size(), 8);
  EXPECT_THAT(tokenizer.encode("\u00e1b[NEW]", 77), ElementsAre(0, 3, 4, 7, 2));
}

TEST_F(WordPieceFiles, TakeTheLaterOfTwoEqualLines) {
  write("vocab.txt", "a\n[UNK]\n[CLS]\n[SEP]\na\n");
  EXPECT_THAT(WordPieceTokenizer(folder_).encode("a", 77), ElementsAre(2, 4, 3));
}

TEST_F(WordPieceFiles, RefuseOtherTokenizersByWhatTheyAre) {
  EXPECT_THAT(error_with("/model/type", "BPE"), HasSubstr("is a byte-pair encoding"));
  EXPECT_THAT(error_with("/model/type", "Unigram"), HasSubstr("a Unigram tokenizer"));
  EXPECT_THAT(error_with("/model", {{"vocab", {{"a", 0}}}, {"merges", {"a b"}}}),
              HasSubstr("is a byte-pair encoding; only WordPiece"));
  nlohmann::json document = kDocument;
  document["model"]["type"] = "BPE";
  document["pre_tokenizer"] = {{"type", "ByteLevel"}};
  write("tokenizer.json", document.dump());
  EXPECT_THAT(error_of([this] { read(); }),
              HasSubstr("tokenizer.json: model.type (\"BPE\") is a byte-level byte-pair encoding"));
  write("tokenizer.json", R"({"a": 0})");
  EXPECT_THAT(error_of([this] { read(); }), HasSubstr("model (missing) is needed"));
}

TEST_F(WordPieceFiles, RefuseStepsThatBertDoesNotHave) {
  EXPECT_THAT(error_with("/normalizer", nullptr), HasSubstr("tokenizer.json: normalizer (null)"));
  EXPECT_THAT(error_with("/normalizer/type", "NFC"), HasSubstr("must be BertNormalizer"));
  EXPECT_THAT(error_with("/normalizer/clean_text", false), HasSubstr("must be true"));
  EXPECT_THAT(error_with("/pre_tokenizer/type", "Whitespace"), HasSubstr("BertPreTokenizer"));
  EXPECT_THAT(error_with("/post_processor/single", {1, 2, 3}), HasSubstr("one token before"));
  EXPECT_THAT(error_with("/model/continuing_subword_prefix", "@"), HasSubstr("must be ##"));
  EXPECT_THAT(error_with("/model/vocab/a", 4), HasSubstr("that no other piece has"));
  EXPECT_THAT(error_with("/model/vocab/a", -1), HasSubstr("model.vocab.a (-1) must be"));
  EXPECT_THAT(error_with("/added_tokens/0/lstrip", true),
              HasSubstr("added_tokens[0].lstrip (true) must be false"));
  EXPECT_THAT(error_with("/added_tokens/0/id", 3), HasSubstr("gives \"[CLS]\" the id 1"));
}

TEST_F(WordPieceFiles, RefuseAContradictionOfTheConfig) {
  write("tokenizer.json", kDocument.dump());
  const auto config = write("tokenizer_config.json", R"({"do_lower_case": true})");
  EXPECT_THAT(error_of([this] { read(); }),
              HasSubstr(config.string() + ": do_lower_case (true) contradicts"));
}

TEST_F(WordPieceFiles, NameWhatIsWrongWithAVocabulary) {
  const auto message = [this](const std::string& lines) {
    write("vocab.txt", lines);
    return error_of([this] { read(); });
  };
  EXPECT_THAT(message("[UNK]\n[CLS]\na\n"), HasSubstr("vocab.txt: has no piece \"[SEP]\""));
  EXPECT_THAT(message(""), HasSubstr("vocab.txt: has no piece \"[CLS]\""));
  EXPECT_THAT(message("[UNK]\n\xff\n"), HasSubstr("vocab.txt:2: is not UTF-8"));
  EXPECT_THAT(message("[UNK]\n[CLS]\n[SEP]\nThe\n"), HasSubstr("{\"do_lower_case\": false}"));
  write("tokenizer_config.json", R"({"tokenizer_class": "BertJapaneseTokenizer"})");
  EXPECT_THAT(message("[UNK]\n[CLS]\n[SEP]\n"), HasSubstr("only BERT's tokenizer can be read"));
  write("tokenizer_config.json", R"({"do_basic_tokenize": false})");
  EXPECT_THAT(message("[UNK]\n[CLS]\n[SEP]\n"), HasSubstr("do_basic_tokenize (false) must be"));
  write("tokenizer_config.json", R"({"added_tokens_decoder": {"x": {"content": "[NEW]"}}})");
  EXPECT_THAT(message("[UNK]\n[CLS]\n[SEP]\n"), HasSubstr("added_tokens_decoder.x"));
}

TEST_F(WordPieceFiles, NameWhatADirectoryLacks) {
  EXPECT_THAT(error_of([this] { read(); }),
              HasSubstr("holds neither tokenizer.json nor vocab.txt"));
  write("merges.txt", "");
  EXPECT_THAT(error_of([this] { read(); }), HasSubstr("holds a byte-pair encoding"));
  EXPECT_THAT(error_of([this] { read_word_piece(folder_ / "none.txt"); }), HasSubstr("none.txt"));
}

}  // namespace
}  // namespace dermatome
