#include "src/leakage/near_duplicates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/error.h"
#include "src/core/rng.h"
#include "src/image/codec.h"
#include "src/image/resize.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// An image with blobs of color, as photographs of skin have them.
Image photo(int seed) { return resize_shorter_side(noise(6 + seed % 3, 8, seed), 240); }

Image recoded(const Image& image, int quality) {
  return decode_image(encode_jpeg(image, quality), "recoded");
}

TEST(ImageHash, OfACopyIsNear) {
  for (int seed = 0; seed < 40; ++seed) {
    const Image original = photo(seed);
    const ImageHash hash = hash_image(original);
    EXPECT_EQ(distance(hash, hash), 0);
    EXPECT_LE(distance(hash, hash_image(recoded(original, 50))), kNearDistance) << seed;
    EXPECT_LE(distance(hash, hash_image(resize_shorter_side(original, 100))), kNearDistance)
        << seed;
    EXPECT_LE(distance(hash, hash_image(resize_shorter_side(recoded(original, 70), 300))),
              kNearDistance)
        << seed;
  }
}

TEST(ImageHash, OfAnotherImageIsFar) {
  int nearest = kHashBits;
  for (int a = 0; a < 60; ++a) {
    for (int b = 0; b < a; ++b) {
      nearest = std::min(nearest, distance(hash_image(photo(a)), hash_image(photo(b))));
    }
  }
  EXPECT_GT(nearest, kNearDistance + 30);
}

TEST(ImageHash, OfAnImageWithoutContentIsDefined) {
  EXPECT_EQ(hash_image(black_image(1, 1)), hash_image(black_image(300, 200)));
}

ImageHash hash_of(uint64_t a, uint64_t b, uint64_t c, uint64_t d) { return {{a, b, c, d}}; }

TEST(NearDuplicates, AreAllPairsUpToTheDistance) {
  const std::vector<ImageHash> set = {hash_of(0, 0, 0, 0), hash_of(~0ULL, 0, 0, 0),
                                      hash_of(1, 0, 2, 0), hash_of(~0ULL, 0, 0, 1)};
  const std::vector<NearDuplicate> two = {{0, 2, 2}, {1, 3, 1}};
  EXPECT_EQ(near_duplicates_within(set, 2, 2), two);
  EXPECT_THAT(near_duplicates_within(set, 1, 1), ElementsAre(NearDuplicate{1, 3, 1}));
  EXPECT_THAT(near_duplicates_within(set, 0, 1), IsEmpty());
  const std::vector<ImageHash> other = {hash_of(0, 0, 0, 7), hash_of(1, 0, 2, 0)};
  const std::vector<NearDuplicate> between = {{0, 1, 2}, {2, 1, 0}};
  EXPECT_EQ(near_duplicates_between(set, other, 2, 3), between);
}

TEST(NearDuplicates, EqualTheComparisonOfEveryPair) {
  Rng random(1, RngPurpose::kTest);
  std::vector<ImageHash> set(200);
  for (ImageHash& hash : set) {
    // Few bits can be set, so that there are pairs.
    for (uint64_t& bits : hash.bits) bits = random.next_u64() & 0x0101010101010101;
  }
  std::vector<NearDuplicate> expected;
  for (size_t a = 0; a < set.size(); ++a) {
    for (size_t b = a + 1; b < set.size(); ++b) {
      if (const int bits = distance(set[a], set[b]); bits <= 10) expected.push_back({a, b, bits});
    }
  }
  ASSERT_GT(expected.size(), 20);
  for (const int threads : {1, 3}) EXPECT_EQ(near_duplicates_within(set, 10, threads), expected);
}

TEST(NearDuplicates, TooManyAreAnError) {
  const std::vector<ImageHash> set(5000);
  EXPECT_THAT(error_of([&] { near_duplicates_within(set, 0, 2); }),
              testing::HasSubstr("near-duplicates"));
}

}  // namespace
}  // namespace dermatome
