#include "src/model/text_buckets.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace dermatome {
namespace {

using ::testing::ElementsAre;

std::vector<int64_t> repeated(std::initializer_list<std::pair<int64_t, int64_t>> counts) {
  std::vector<int64_t> lengths;
  for (const auto& [length, count] : counts) lengths.insert(lengths.end(), count, length);
  return lengths;
}

TEST(TextBuckets, RoundLengthsUpToEight) {
  const auto buckets = text_buckets(repeated({{9, 20}, {3, 20}, {16, 20}, {8, 20}}), 77);
  ASSERT_EQ(buckets.size(), 2);
  EXPECT_EQ(buckets[0].columns, 8);
  EXPECT_EQ(buckets[0].rows.size(), 40);
  EXPECT_EQ(buckets[1].columns, 16);
  EXPECT_EQ(buckets[1].rows.size(), 40);
}

TEST(TextBuckets, NeverHaveMoreColumnsThanTheContext) {
  const std::vector<int64_t> lengths = {77, 2};
  const auto buckets = text_buckets(lengths, 77);
  ASSERT_EQ(buckets.size(), 1);
  EXPECT_EQ(buckets[0].columns, 77);
}

TEST(TextBuckets, MergeFewTextsIntoTheNextLongerBucket) {
  const auto buckets = text_buckets(repeated({{5, 2}, {12, 1}, {20, 30}, {30, 1}}), 77);
  ASSERT_EQ(buckets.size(), 2);
  EXPECT_EQ(buckets[0].columns, 24);
  EXPECT_EQ(buckets[0].rows.size(), 33);
  EXPECT_EQ(buckets[1].columns, 32);
  EXPECT_THAT(buckets[1].rows, ElementsAre(33));
}

TEST(TextBuckets, HoldEveryRowOnceWithAllItsTokens) {
  std::vector<int64_t> lengths;
  for (int64_t i = 0; i < 500; ++i) lengths.push_back(i * 131 % 76 + 2);
  std::vector<int64_t> seen;
  for (const TextBucket& bucket : text_buckets(lengths, 77)) {
    for (const int64_t row : bucket.rows) {
      EXPECT_LE(lengths[row], bucket.columns);
      seen.push_back(row);
    }
  }
  std::sort(seen.begin(), seen.end());
  ASSERT_EQ(seen.size(), lengths.size());
  for (size_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen[i], i);
}

TEST(TextBuckets, AreNoneWithoutTexts) { EXPECT_TRUE(text_buckets({}, 77).empty()); }

}  // namespace
}  // namespace dermatome
