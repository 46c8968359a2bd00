#include "src/text/cleaning_tokenizer.h"

#include <gtest/gtest.h>

#include "tests/support/toy_tokenizer.h"

namespace dermatome {
namespace {

TEST(CleaningTokenizer, GivesTheIdsOfTheCleanedText) {
  const CleaningTokenizer cleaning(std::make_unique<const ToyTokenizer>());
  EXPECT_EQ(cleaning.encode("  It\u2019s  red &amp;amp; more\n", 77),
            ToyTokenizer().encode("It's red & more", 77));
  EXPECT_EQ(cleaning.encode("a   b c", 4), ToyTokenizer().encode("a b c", 4));
}

// The same ids of a clean text do not make it the same tokenizer.
TEST(CleaningTokenizer, HasAHashOfItsOwn) {
  const CleaningTokenizer one(std::make_unique<const ToyTokenizer>("one"));
  const CleaningTokenizer other(std::make_unique<const ToyTokenizer>("other"));
  EXPECT_NE(one.hash(), ToyTokenizer("one").hash());
  EXPECT_NE(one.hash(), other.hash());
  EXPECT_EQ(one.vocabulary_size(), 259);
}

}  // namespace
}  // namespace dermatome
