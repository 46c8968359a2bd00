#include "src/text/clip_tokenizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace dermatome {
namespace {

using ::testing::ElementsAre;

const ClipTokenizer& tokenizer() {
  static const ClipTokenizer instance;
  return instance;
}

const nlohmann::json& golden_rows() {
  static const nlohmann::json rows = [] {
    std::ifstream file(DERMATOME_SOURCE_DIR "/tests/golden/tokenizer.json");
    return nlohmann::json::parse(file).at("rows");
  }();
  return rows;
}

TEST(ClipTokenizer, GivesTheReferencesIds) {
  const nlohmann::json& rows = golden_rows();
  ASSERT_EQ(rows.size(), 202u);
  for (const nlohmann::json& row : rows) {
    const auto text = row.at("text").get<std::string>();
    EXPECT_EQ(tokenizer().encode(text), row.at("ids").get<std::vector<int32_t>>()) << text;
  }
}

TEST(ClipTokenizer, CountsTokensLikeTheReferenceBeforeTheyAreCut) {
  for (const nlohmann::json& row : golden_rows()) {
    const auto text = row.at("text").get<std::string>();
    EXPECT_EQ(tokenizer().encode(text, /*context_length=*/100000).size(),
              row.at("untruncated").get<size_t>())
        << text;
  }
}

TEST(ClipTokenizer, CutsToTheContextAndKeepsTheEnd) {
  const std::string text = "a red plaque with silvery scale on the elbow";
  const std::vector<int32_t> full = tokenizer().encode(text);
  for (int64_t length = 1; length <= static_cast<int64_t>(full.size()); ++length) {
    const std::vector<int32_t> cut = tokenizer().encode(text, length);
    ASSERT_EQ(cut.size(), static_cast<size_t>(length));
    EXPECT_EQ(cut.back(), tokenizer().end_of_text());
    EXPECT_TRUE(std::equal(cut.begin(), cut.end() - 1, full.begin()));
  }
}

TEST(ClipTokenizer, GivesOnlyStartAndEndForTextWithoutContent) {
  for (const char* text : {"", " ", "\t\n\u3000", "\ufeff", "&#1;"}) {
    EXPECT_THAT(tokenizer().encode(text), ElementsAre(49406, 49407)) << text;
  }
}

TEST(ClipTokenizer, KnowsTheNamesOfItsSpecialTokensInText) {
  EXPECT_THAT(tokenizer().encode("<start_of_text> <END_OF_TEXT>"),
              ElementsAre(49406, 49406, 49407, 49407));
}

TEST(ClipTokenizer, IgnoresCaseAndTheAmountOfSpace) {
  EXPECT_EQ(tokenizer().encode("  Basal\u00a0Cell \n CARCINOMA "),
            tokenizer().encode("basal cell carcinoma"));
}

TEST(ClipTokenizer, GivesTheReferencesIdsForItsCleanedText) {
  for (const nlohmann::json& row : golden_rows()) {
    const auto clean = row.at("clean").get<std::string>();
    if (clean.find('&') != clean.npos) continue;  // unescaping again would change the text
    EXPECT_EQ(tokenizer().encode(clean), row.at("ids").get<std::vector<int32_t>>()) << clean;
  }
}

TEST(ClipTokenizer, ReadsIllFormedBytesAsReplacementCharacters) {
  EXPECT_EQ(tokenizer().encode("skin \xff lesion"), tokenizer().encode("skin \ufffd lesion"));
  EXPECT_EQ(tokenizer().encode("skin \xe2\x82"), tokenizer().encode("skin \ufffd"));
  EXPECT_EQ(tokenizer().encode("\xed\xa0\x80"), tokenizer().encode("\ufffd\ufffd\ufffd"));
}

TEST(ClipTokenizer, KeepsEveryIdWithinTheVocabulary) {
  for (char32_t first = 0; first < 256; ++first) {
    std::string text;
    for (int i = 0; i < 64; ++i)
      text.push_back(static_cast<char>(first * 31 + static_cast<char32_t>(i) * 7));
    for (const int32_t id : tokenizer().encode(text, 1000)) {
      EXPECT_GE(id, 0);
      EXPECT_LT(id, tokenizer().vocabulary_size());
    }
  }
}

TEST(ClipTokenizer, GivesTheSameIdsOnManyThreads) {
  const nlohmann::json& rows = golden_rows();
  std::vector<std::vector<std::vector<int32_t>>> results(4);
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&rows, &result] {
      for (const nlohmann::json& row : rows) {
        result.push_back(tokenizer().encode(row.at("text").get<std::string>()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::vector<int32_t> alone = tokenizer().encode(rows[i].at("text").get<std::string>());
    for (const auto& result : results) EXPECT_EQ(result[i], alone);
  }
}

// If the hash changes, every existing shard must be made again.
TEST(ClipTokenizer, KeepsItsHash) {
  EXPECT_EQ(tokenizer().hash(), "b729111aec1872b1ea044e3e759b21d06679e0ab93295ceed91da43b3dbf038c");
}

}  // namespace
}  // namespace dermatome
