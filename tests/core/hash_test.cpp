#include "src/core/hash.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

std::span<const std::byte> bytes(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(Crc32c, MatchesPublishedVectors) {
  EXPECT_EQ(crc32c(bytes("123456789")), 0xE3069283u);
  EXPECT_EQ(crc32c(bytes(std::string(32, '\0'))), 0x8A9136AAu);
  EXPECT_EQ(crc32c(bytes(std::string(32, '\xff'))), 0x62A8AB43u);
  EXPECT_EQ(crc32c({}), 0u);
}

// Computes the checksum from the polynomial's definition, one bit at a time.
uint32_t crc32c_by_bits(std::span<const std::byte> data) {
  uint32_t crc = ~0u;
  for (const std::byte byte : data) {
    crc ^= static_cast<uint32_t>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0);
  }
  return ~crc;
}

std::vector<std::byte> random_bytes(size_t size) {
  std::mt19937 random(7);
  std::vector<std::byte> data(size);
  for (std::byte& byte : data) byte = static_cast<std::byte>(random());
  return data;
}

TEST(Crc32c, AgreesWithItsDefinitionAtManyLengthsAndAlignments) {
  const std::vector<std::byte> data = random_bytes(80'000);
  for (size_t size = 0; size < data.size(); size += size < 260 ? 1 : size / 16) {
    for (size_t offset = 0; offset < 9 && offset + size <= data.size(); ++offset) {
      const auto part = std::span(data).subspan(offset, size);
      EXPECT_EQ(crc32c(part), crc32c_by_bits(part)) << size << " bytes at " << offset;
    }
  }
}

TEST(Crc32c, ContinuesOverLongPieces) {
  const std::vector<std::byte> data = random_bytes(80'000);
  const std::span<const std::byte> all = data;
  for (const size_t cut : {1, 7, 200, 3'073, 6'151, 25'600, 51'201, 79'999}) {
    EXPECT_EQ(crc32c(all.subspan(cut), crc32c(all.first(cut))), crc32c_by_bits(all)) << cut;
  }
}

TEST(Crc32c, ContinuesAnEarlierCall) {
  const std::string text = "a dermatome cuts skin into thin sheets";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c(bytes(text.substr(cut)), crc32c(bytes(text.substr(0, cut)))),
              crc32c(bytes(text)));
  }
}

TEST(Crc32c, OfAFileEqualsTheChecksumOfItsContent) {
  const std::filesystem::path path = scratch_folder() / "file";
  const std::string content(3'000'001, 'x');
  write_file_atomically(path, content);
  EXPECT_EQ(crc32c_of_file(path), crc32c(bytes(content)));
  EXPECT_THROW(crc32c_of_file(scratch_folder() / "missing"), DataError);
}

TEST(Sha256, MatchesPublishedVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256, TakesItsInputInPieces) {
  Sha256 hash;
  hash.update("a");
  hash.update("bc");
  EXPECT_EQ(hash.finish(), sha256_hex("abc"));
}

}  // namespace
}  // namespace dermatome
