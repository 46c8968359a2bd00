#include "src/core/file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>

#include "src/core/error.h"

namespace dermatome {
namespace {

TEST(File, IsReplacedAsAWholeAndLeavesNoOtherFile) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "dermatome_file_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  const auto path = folder / "state.json";
  write_file_atomically(path, "first");
  write_file_atomically(path, std::string("second\0half", 11));
  EXPECT_EQ(read_file(path), std::string("second\0half", 11));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(File, AFailedWriteLeavesNothingBehind) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "dermatome_file_failure_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "taken" / "by a folder");
  EXPECT_THROW(write_file_atomically(folder / "taken", "x"), DataError);
  const auto fails_half_way = [](const std::filesystem::path& temporary) {
    std::filesystem::create_directories(temporary / "half");
    throw DataError("disk full");
  };
  EXPECT_THROW(replace_atomically(folder / "taken", fails_half_way), DataError);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
  EXPECT_TRUE(std::filesystem::exists(folder / "taken" / "by a folder"));
}

TEST(File, ADirectoryIsCreatedOnlyWhereNothingIsLost) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "dermatome_create_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "empty");
  const auto make = [](const std::filesystem::path& temporary) {
    std::filesystem::create_directories(temporary / "made");
  };
  create_directory_atomically(folder / "empty", make);
  create_directory_atomically(folder / "new", make);
  EXPECT_TRUE(std::filesystem::exists(folder / "empty" / "made"));
  EXPECT_TRUE(std::filesystem::exists(folder / "new" / "made"));
  write_file_atomically(folder / "new" / "other", "x");
  EXPECT_THROW(create_directory_atomically(folder / "new", make), DataError);
  EXPECT_EQ(read_file(folder / "new" / "other"), "x");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 2);
}

TEST(File, LeftoversOfAKilledProcessAreRemoved) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "dermatome_leftovers_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder / "step_1.tmp.77" / "half");
  write_file_atomically(folder / "latest", "step_0");
  remove_leftovers(folder);
  EXPECT_TRUE(std::filesystem::exists(folder / "latest"));
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder), {}), 1);
}

TEST(File, LeftoversOfOtherNamesAreKept) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "dermatome_named_leftovers_test";
  std::filesystem::remove_all(folder);
  const std::set<std::string> kept = {"mine.tmp.12", "ours", "ours.tmp.", "ours.tmp.old",
                                      "ours.tmp.9"};
  std::filesystem::create_directories(folder / "ours.tmp.9");
  for (const char* name : {"mine.tmp.12", "ours", "ours.tmp.", "ours.tmp.old"}) {
    write_file_atomically(folder / name, "");
  }
  for (const char* name : {"ours.tmp.7", "ours.tmp.4711"}) {
    write_file_atomically(folder / name, "");
  }
  remove_leftovers(folder, {"ours", "theirs"});
  std::set<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    left.insert(entry.path().filename().string());
  }
  EXPECT_EQ(left, kept);
}

TEST(File, ADirectoryIsReplacedAsAWhole) {
  const auto folder = std::filesystem::path(testing::TempDir()) / "dermatome_directory_test";
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  for (const char* name : {"first", "second"}) {
    replace_atomically(folder / "made", [&](const std::filesystem::path& temporary) {
      std::filesystem::create_directories(temporary);
      write_file_atomically(temporary / name, "x");
    });
    EXPECT_TRUE(std::filesystem::exists(folder / "made" / name));
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder / "made"), {}), 1);
  }
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
