#include "src/core/row_range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dermatome {
namespace {

using testing::ElementsAre;

TEST(RowRange, PartsFollowEachOtherAndDifferByOneAtMost) {
  for (int64_t count = 0; count < 30; ++count) {
    for (int64_t num_parts = 1; num_parts < 12; ++num_parts) {
      int64_t next = 0;
      for (int64_t part = 0; part < num_parts; ++part) {
        const Span rows = part_of_rows(count, part, num_parts);
        EXPECT_EQ(rows.begin, next) << count << " " << part << " " << num_parts;
        EXPECT_GE(rows.size, count / num_parts);
        EXPECT_LE(rows.size, (count + num_parts - 1) / num_parts);
        next = rows.end();
      }
      EXPECT_EQ(next, count);
    }
  }
}

TEST(RowRange, TheFirstPartsAreTheLargerOnes) {
  EXPECT_EQ(part_of_rows(10, 0, 4), (Span{0, 3}));
  EXPECT_EQ(part_of_rows(10, 1, 4), (Span{3, 3}));
  EXPECT_EQ(part_of_rows(10, 2, 4), (Span{6, 2}));
  EXPECT_EQ(part_of_rows(10, 3, 4), (Span{8, 2}));
  EXPECT_EQ(part_of_rows(2, 3, 4), (Span{2, 0}));
}

TEST(RowRange, PiecesAreEmptyOnlyIfThereAreNoRows) {
  EXPECT_THAT(cut_rows(10, 4), ElementsAre(Span{0, 3}, Span{3, 3}, Span{6, 2}, Span{8, 2}));
  EXPECT_THAT(cut_rows(2, 4), ElementsAre(Span{0, 1}, Span{1, 1}));
  EXPECT_THAT(cut_rows(0, 4), ElementsAre(Span{0, 0}));
}

}  // namespace
}  // namespace dermatome
