#include "src/core/file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "src/core/error.h"

namespace dermatome {
namespace {

TEST(File, IsReplacedAsAWholeAndLeavesNothingBeside) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "dermatome_file_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const auto path = folder / "state.json";
  write_file_atomically(path, "first");
  write_file_atomically(path, std::string("second\0half", 11));
  EXPECT_EQ(read_file(path), std::string("second\0half", 11));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(File, ErrorsNameThePath) {
  try {
    read_file("no/such/file");
    FAIL() << "read a file that does not exist";
  } catch (const DataError& error) {
    EXPECT_NE(std::string(error.what()).find("no/such/file"), std::string::npos);
  }
  EXPECT_THROW(write_file_atomically("no/such/folder/file", "x"), DataError);
  EXPECT_THROW(make_directories("/dev/null/folder"), DataError);
}

}  // namespace
}  // namespace dermatome
