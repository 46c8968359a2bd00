#include "src/eval/text_cache.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <fstream>

#include "src/core/file.h"
#include "src/text/clip_tokenizer.h"
#include "tests/eval/embedded_tokens.h"
#include "tests/eval/tiny_clip.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

class TextCache : public testing::Test {
 protected:
  TextCache() : folder_(scratch_folder() / "texts"), model_(tiny_config(), c10::kCPU) {
    model_.initialize(3);
  }

  // The features, and the number of tokens that the text tower looked up for them.
  std::pair<at::Tensor, int64_t> features(const std::vector<std::string>& texts) {
    const EmbeddedTokens tokens;
    const at::Tensor result = cached_text_features(model_, tokenizer_, texts, folder_);
    return {result, tokens.count()};
  }

  std::filesystem::path folder_;
  Clip model_;
  ClipTokenizer tokenizer_;
  const std::vector<std::string> texts_ = {"a red patch", "a wheal"};
};

TEST_F(TextCache, EncodesOnceForTheSameWeightsAndTexts) {
  const auto first = features(texts_);
  EXPECT_GT(first.second, 0);
  const auto second = features(texts_);
  EXPECT_EQ(second.second, 0);
  EXPECT_TRUE(at::equal(first.first, second.first));
  EXPECT_GT(features({"a red patch", "a weal"}).second, 0);
  model_.initialize(4);
  EXPECT_GT(features(texts_).second, 0);
}

TEST_F(TextCache, TheImageTowersWeightsDoNotMatter) {
  features(texts_);
  for (const auto& parameter : model_.parameters()) {
    if (parameter.name == "visual.proj") parameter.value.detach().add_(1);
  }
  EXPECT_EQ(features(texts_).second, 0);
}

TEST_F(TextCache, DamageIsNoticedAndRepaired) {
  const at::Tensor expected = features(texts_).first;
  const auto file = std::filesystem::directory_iterator(folder_)->path();
  std::string content = read_file(file);
  content.back() = static_cast<char>(content.back() ^ 1);
  write_file_atomically(file, content);
  const auto again = features(texts_);
  EXPECT_GT(again.second, 0);
  EXPECT_TRUE(at::equal(again.first, expected));
  EXPECT_EQ(features(texts_).second, 0);
}

TEST_F(TextCache, IsOptionalAndCannotFail) {
  const at::Tensor expected = cached_text_features(model_, tokenizer_, texts_, "");
  EXPECT_FALSE(std::filesystem::exists(folder_));
  std::ofstream(folder_) << "a file where the folder should be";
  EXPECT_TRUE(at::equal(features(texts_).first, expected));
}

}  // namespace
}  // namespace dermatome
