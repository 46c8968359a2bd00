#include "src/core/hash.h"

#include <gtest/gtest.h>

#include <string>

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

TEST(Crc32c, ContinuesAnEarlierCall) {
  const std::string text = "a dermatome cuts skin into thin sheets";
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    EXPECT_EQ(crc32c(bytes(text.substr(cut)), crc32c(bytes(text.substr(0, cut)))),
              crc32c(bytes(text)));
  }
}

TEST(Crc32c, OfAFileIsThatOfItsContent) {
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
