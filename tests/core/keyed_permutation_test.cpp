#include "src/core/keyed_permutation.h"

#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <unordered_set>
#include <vector>

#include "src/core/error.h"
#include "src/core/rng.h"

namespace dermatome {
namespace {

TEST(KeyedPermutation, HitsEveryElementOnceForEverySize) {
  for (int64_t size = 1; size <= 600; ++size) {
    const KeyedPermutation permutation(static_cast<uint64_t>(size) * 31, size);
    std::vector<bool> seen(static_cast<size_t>(size));
    for (int64_t i = 0; i < size; ++i) {
      const int64_t image = permutation(i);
      ASSERT_GE(image, 0);
      ASSERT_LT(image, size);
      ASSERT_FALSE(seen[static_cast<size_t>(image)]) << "size " << size << ", index " << i;
      seen[static_cast<size_t>(image)] = true;
    }
  }
}

TEST(KeyedPermutation, IsInjectiveOnHugeDomains) {
  for (const int64_t size :
       {int64_t{1} << 30, int64_t{1'000'000'007}, (int64_t{1} << 40) + 1, INT64_MAX}) {
    const KeyedPermutation permutation(5, size);
    std::unordered_set<int64_t> images;
    for (int64_t i = 0; i < 100'000; ++i) {
      const int64_t image = permutation(i % 2 == 0 ? i : size - 1 - i);
      ASSERT_GE(image, 0);
      ASSERT_LT(image, size);
      ASSERT_TRUE(images.insert(image).second);
    }
  }
}

// All 24 orders of four elements occur equally often, within five standard deviations.
TEST(KeyedPermutation, ReachesEveryOrderOfAFewElementsEquallyOften) {
  constexpr int kDraws = 48'000;
  std::map<std::vector<int64_t>, int> counts;
  Rng keys(1, RngPurpose::kTest);
  for (int draw = 0; draw < kDraws; ++draw) {
    const KeyedPermutation permutation(keys.next_u64(), 4);
    ++counts[{permutation(0), permutation(1), permutation(2), permutation(3)}];
  }
  ASSERT_EQ(counts.size(), 24u);
  for (const auto& [order, count] : counts) EXPECT_NEAR(count, kDraws / 24.0, 5 * 44);
}

TEST(KeyedPermutation, RefusesWhatIsOutOfRange) {
  EXPECT_THROW(KeyedPermutation(1, 0), InternalError);
  EXPECT_THROW(KeyedPermutation(1, 3)(3), InternalError);
  EXPECT_THROW(KeyedPermutation(1, 3)(-1), InternalError);
}

}  // namespace
}  // namespace dermatome
