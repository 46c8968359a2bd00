#include "src/text/word_piece/word_piece_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/file.h"
#include "src/text/read_tokenizer.h"
#include "src/text/word_piece/word_piece_files.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using ::testing::ElementsAre;

// Ids are the numbers of lines: [PAD] 0, [UNK] 1, [CLS] 2, [SEP] 3, [MASK] 4, a 5, red 6, patch 7,
// ##es 8, ( 9, Red 10.
constexpr const char* kPieces = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nred\npatch\n##es\n(\nRed\n";

class WordPieceTokenizerTest : public testing::Test {
 protected:
  std::filesystem::path write(const std::string& name, const std::string& content) const {
    write_file_atomically(folder_ / name, content);
    return folder_ / name;
  }
  std::vector<int32_t> encode(const std::string& text, int64_t context_length = 77) const {
    return WordPieceTokenizer(folder_).encode(text, context_length);
  }

  const std::filesystem::path folder_ = scratch_folder();
  const std::filesystem::path vocabulary_ = write("vocab.txt", kPieces);
};

TEST_F(WordPieceTokenizerTest, EncodesWordsBetweenStartAndEnd) {
  EXPECT_THAT(encode("A RED patch (patches) mole"), ElementsAre(2, 5, 6, 7, 9, 7, 8, 1, 1, 3));
  EXPECT_THAT(encode(""), ElementsAre(2, 3));
  EXPECT_THAT(encode(" \xff\u200b"), ElementsAre(2, 3));
  EXPECT_EQ(WordPieceTokenizer(folder_).vocabulary_size(), 11);
}

TEST_F(WordPieceTokenizerTest, CutsToTheContextAndKeepsTheEnd) {
  const std::string text = "red patches [MASK] a";
  EXPECT_THAT(encode(text), ElementsAre(2, 6, 7, 8, 4, 5, 3));
  EXPECT_THAT(encode(text, 7), ElementsAre(2, 6, 7, 8, 4, 5, 3));
  EXPECT_THAT(encode(text, 5), ElementsAre(2, 6, 7, 8, 3));
  EXPECT_THAT(encode(text, 4), ElementsAre(2, 6, 7, 3)) << "cut inside a word";
  EXPECT_THAT(encode(text, 2), ElementsAre(2, 3));
  EXPECT_THAT(encode(text, 1), ElementsAre(3));
}

TEST_F(WordPieceTokenizerTest, KnowsSpecialTokensWhereverTheyStand) {
  EXPECT_THAT(encode("[SEP]red[MASK]es[PAD]"), ElementsAre(2, 3, 6, 4, 1, 0, 3));
  EXPECT_THAT(encode("[sep] [CLS"), ElementsAre(2, 1, 1, 1, 1, 1, 3)) << "as they are written only";
  EXPECT_THAT(encode("patch[UNK]es"), ElementsAre(2, 7, 1, 1, 3)) << "a new word begins behind it";
}

TEST_F(WordPieceTokenizerTest, DoesNotReadWordsOfMoreThanAHundredCharacters) {
  write("vocab.txt", std::string(kPieces) + "\u00e9\n##\u00e9\n");
  write("tokenizer_config.json", R"({"strip_accents": false})");
  std::string word;
  for (int i = 0; i < 100; ++i) word += "\u00e9";
  EXPECT_EQ(encode(word, 1000).size(), 102u);
  EXPECT_THAT(encode(word + "\u00e9"), ElementsAre(2, 1, 3));
}

TEST_F(WordPieceTokenizerTest, FollowsItsConfig) {
  write("tokenizer_config.json", R"({"do_lower_case": false, "model_max_length": 512})");
  EXPECT_THAT(encode("Red red RED"), ElementsAre(2, 10, 6, 1, 3));
  EXPECT_THAT(WordPieceTokenizer(vocabulary_).encode("Red", 77), ElementsAre(2, 10, 3))
      << "the config lies beside the file";
}

// If the hash changes, ids that were stored for the vocabulary are made again.
TEST_F(WordPieceTokenizerTest, HasAHashOfVocabularyAndRules) {
  const std::string hash = WordPieceTokenizer(folder_).hash();
  EXPECT_EQ(hash, "54d3ca107557143d5f296a5d289cc2d278a9d156f81aeebeebe269c12f520f08");
  write("tokenizer_config.json", R"({"do_lower_case": false})");
  const std::string cased = WordPieceTokenizer(folder_).hash();
  write("tokenizer_config.json", R"({"do_lower_case": true})");
  EXPECT_EQ(WordPieceTokenizer(folder_).hash(), hash) << "what is said is the default";
  write("vocab.txt", std::string(kPieces) + "mole\n");
  EXPECT_NE(WordPieceTokenizer(folder_).hash(), hash);
  EXPECT_NE(cased, hash);
}

TEST_F(WordPieceTokenizerTest, IsTheSameFromTheFilesThatItWrites) {
  write("tokenizer_config.json", R"({"do_lower_case": true, "strip_accents": false,
      "tokenize_chinese_chars": false, "mask_token": {"content": "patch"}})");
  const auto tokenizer = read_tokenizer(folder_);
  const std::filesystem::path copy = folder_ / "copy";
  make_directories(copy);
  write_tokenizer_files(*tokenizer, copy);
  const auto again = read_tokenizer(copy);
  EXPECT_EQ(again->hash(), tokenizer->hash());
  EXPECT_EQ(again->files(), tokenizer->files());
  EXPECT_EQ(read_file(copy / "vocab.txt"), kPieces);
  EXPECT_THAT(again->encode("redpatches", 77), ElementsAre(2, 6, 7, 1, 3));
}

TEST(ReadTokenizer, GivesClipsWithoutAVocabulary) {
  const auto tokenizer = read_tokenizer("");
  EXPECT_EQ(tokenizer->vocabulary_size(), 49408);
  EXPECT_TRUE(tokenizer->files().empty());
}

}  // namespace
}  // namespace dermatome
