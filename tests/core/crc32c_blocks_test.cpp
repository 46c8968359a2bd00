#include "src/core/crc32c_blocks.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "src/core/hash.h"

namespace dermatome {
namespace {

// Pieces that are shorter than a block go through ISA-L.
uint32_t in_short_pieces(std::span<const std::byte> data, uint32_t crc) {
  for (; !data.empty(); data = data.subspan(100)) crc = ~crc32c(data.first(100), ~crc);
  return crc;
}

TEST(Crc32cBlocks, EqualShortPieces) {
  if (!has_crc32c_blocks())
    GTEST_SKIP() << "it is for processors with VPCLMULQDQ and without AVX-512";
  std::mt19937 random(3);
  std::vector<std::byte> data(4 * kCrc32cBlockBytes + 31);
  for (std::byte& byte : data) byte = static_cast<std::byte>(random());
  for (const size_t blocks : {0, 1, 2, 4}) {
    for (const size_t offset : {0, 1, 8, 31}) {
      for (const uint32_t crc : {0u, ~0u, 0x12345678u}) {
        const auto part = std::span(data).subspan(offset, blocks * kCrc32cBlockBytes);
        EXPECT_EQ(crc32c_blocks(part, crc), in_short_pieces(part, crc))
            << blocks << " blocks at " << offset << " after " << crc;
      }
    }
  }
}

}  // namespace
}  // namespace dermatome
