#include "src/report/inspect.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <sstream>
#include <string>

#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/data/test_shards.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

std::string said(const InspectOptions& options) {
  std::ostringstream out;
  inspect(options, out);
  return out.str();
}

template <typename Error>
std::string complaint(const InspectOptions& options, std::ostream& out) {
  try {
    inspect(options, out);
  } catch (const Error& error) {
    return error.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

std::string complaint(const InspectOptions& options) {
  std::ostringstream out;
  return complaint<ConfigError>(options, out);
}

TEST(Inspect, DescribesADataSetAShardAndARecord) {
  const TestShards shards(9, 4);
  const std::string data = shards.directory().string();
  EXPECT_THAT(said({.data = data}),
              AllOf(HasSubstr("9 samples in 3 shard(s)"), HasSubstr(": rows 4 to 7, "),
                    HasSubstr(": rows 8 to 8")));
  const std::string shard = shards.dataset().shard_path(8).string();
  EXPECT_THAT(said({.data = shard}), AllOf(HasSubstr(shard), HasSubstr("\n  1 samples, "),
                                           HasSubstr("images: raw, short side at most")));
  EXPECT_THAT(
      said({.data = data, .row = 8}),
      AllOf(HasSubstr(shard + " row 0\n"), HasSubstr("image      " + test_source(8) + ", ")));
}

TEST(Inspect, WritesASheetOfOneRecordAndOfMany) {
  const TestShards shards(9, 4);
  const std::filesystem::path folder = scratch_folder();
  const std::string sheet = (folder / "sheet.html").string();
  InspectOptions options{.data = shards.directory().string(), .row = 3, .sheet = sheet};
  said(options);
  EXPECT_THAT(read_file(sheet), AllOf(HasSubstr(test_source(3)), HasSubstr("\"stored\":")));
  options.row = -1;
  options.num_records = 4;
  said(options);
  const std::string overview = read_file(sheet);
  EXPECT_THAT(overview, AllOf(HasSubstr("4 of 9 samples"), Not(HasSubstr("\"stored\":"))));
  for (const int64_t shown : {0, 2, 4, 6}) {
    EXPECT_THAT(overview, HasSubstr("\"source\":\"" + test_source(shown) + "\"")) << shown;
  }
}

TEST(Inspect, RefusesASheetThatIsNoPage) {
  EXPECT_EQ(
      complaint({.data = "nowhere", .row = 7, .sheet = "out/seven.png"}),
      "--sheet out/seven.png: a sheet is an HTML page; write --sheet FILE.html, as in --sheet "
      "out/seven.html");
}

TEST(Inspect, RefusesARowThatIsNotThere) {
  const TestShards shards(9, 4);
  EXPECT_THAT(complaint({.data = shards.directory().string(), .row = 9}),
              HasSubstr("has rows 0 to 8"));
}

TEST(Inspect, DescribesADamagedRecordBeforeItFails) {
  TestShards shards(9, 4);
  shards.damage(5);
  std::ostringstream out;
  complaint<DataError>({.data = shards.directory().string(), .row = 5}, out);
  EXPECT_THAT(out.str(), HasSubstr(test_source(5) + ", cannot be read\n"));
}

}  // namespace
}  // namespace dermatome
