#include "src/export/tokenizer_files.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "src/core/file.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using nlohmann::json;

TEST(TokenizerFiles, HoldEverySymbolAndEveryMerge) {
  const auto folder = scratch_folder();
  write_tokenizer_files(folder, 77);
  const json ids = json::parse(read_file(folder / "vocab.json"));
  EXPECT_EQ(ids.size(), 49408u);
  EXPECT_EQ(ids.at("!"), 0);
  EXPECT_EQ(ids.at("a"), 64);
  EXPECT_EQ(ids.at("!</w>"), 256);
  EXPECT_EQ(ids.at("in"), 512);
  EXPECT_EQ(ids.at("<|startoftext|>"), kStartOfTextId);
  EXPECT_EQ(ids.at("<|endoftext|>"), kEndOfTextId);

  std::ifstream merges(folder / "merges.txt");
  std::string line, heading;
  std::getline(merges, heading);
  EXPECT_TRUE(heading.starts_with("#version"));
  int64_t rank = 0;
  while (std::getline(merges, line)) {
    const size_t space = line.find(' ');
    ASSERT_NE(space, std::string::npos) << line;
    EXPECT_EQ(ids.at(line.substr(0, space) + line.substr(space + 1)), 512 + rank);
    ++rank;
  }
  EXPECT_EQ(rank, 48894);
}

TEST(TokenizerFiles, CutTextsToTheContext) {
  const auto folder = scratch_folder();
  write_tokenizer_files(folder, 32);
  const json config = json::parse(read_file(folder / "tokenizer_config.json"));
  EXPECT_EQ(config.at("model_max_length"), 32);
  EXPECT_EQ(config.at("pad_token"), "<|endoftext|>");
}

}  // namespace
}  // namespace dermatome
