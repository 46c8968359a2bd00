#include "src/core/json_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using testing::ElementsAre;

std::vector<std::string> lines_of(const std::filesystem::path& path, uint64_t* bytes = nullptr) {
  std::vector<std::string> found;
  const uint64_t whole =
      read_json_lines(path, [&](const nlohmann::ordered_json& object, const std::string& where) {
        found.push_back(where.substr(where.rfind(':')) + object.dump());
      });
  if (bytes != nullptr) *bytes = whole;
  return found;
}

TEST(JsonLines, EndAfterTheLastLineBreak) {
  const auto path = scratch_folder() / "log.jsonl";
  uint64_t bytes = 1;
  EXPECT_THAT(lines_of(path, &bytes), ElementsAre());
  EXPECT_EQ(bytes, 0);
  write_file_atomically(path, "{\"b\":1,\"a\":2}\n{}\n{\"c\":3}");
  EXPECT_THAT(lines_of(path, &bytes), ElementsAre(":1{\"b\":1,\"a\":2}", ":2{}"));
  EXPECT_EQ(bytes, 17);
}

TEST(JsonLines, NameADamagedLine) {
  const auto path = scratch_folder() / "log.jsonl";
  for (const char* damage : {"[1]", "{\"a\":", ""}) {
    write_file_atomically(path, std::string("{}\n") + damage + "\n{}\n");
    try {
      lines_of(path);
      FAIL() << "read " << damage;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr("log.jsonl:2: this line is no JSON object"));
    }
  }
}

TEST(JsonLines, AreAppendedBehindWholeLines) {
  const auto path = scratch_folder() / "log.jsonl";
  append_json_line(path, {{"a", 1}});
  EXPECT_EQ(read_file(path), "{\"a\":1}\n");
  write_file_atomically(path, read_file(path) + "{\"a\":2");
  append_json_line(path, {{"a", 3}});
  EXPECT_EQ(read_file(path), "{\"a\":1}\n{\"a\":3}\n");
  write_file_atomically(path, "{\"a\"");
  append_json_line(path, {{"a", 4}});
  EXPECT_EQ(read_file(path), "{\"a\":4}\n");
  EXPECT_THROW(append_json_line(path / "none", {{"a", 5}}), DataError);
}

}  // namespace
}  // namespace dermatome
