#include "src/eval/leakage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "src/core/error.h"
#include "src/core/log.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

class PairsFile : public testing::Test {
 protected:
  PairsFile() : folder_(scratch_folder()) {
    for (const char* name : {"pad.yaml", "snu.yaml", "other.yaml"})
      std::ofstream(folder_ / name) << "x";
    const std::string pad = (folder_ / "pad.yaml").string();
    std::ofstream(folder_ / "pairs.csv")
        << "filename,other_set,other_filename,distance\n,shards,,40\n0.png,shards,1.png,3\n," << pad
        << ",,40\na.png," << pad << ",2.png,0\nb.png," << pad << ",2.png,9\n,"
        << (folder_ / "snu.yaml").string() << ",,40\n";
  }

  std::optional<Leakage> read(const std::string& benchmark) const {
    return read_leakage(folder_ / "pairs.csv", folder_ / benchmark);
  }

  std::filesystem::path folder_;
};

TEST_F(PairsFile, SaysWhatWasFoundForEachBenchmark) {
  const auto pad = read("pad.yaml");
  ASSERT_TRUE(pad);
  // 1.png is not named: its pair lies within the training set.
  EXPECT_THAT(pad->names, testing::ElementsAre("2.png"));
  EXPECT_EQ(pad->source, (folder_ / "pairs.csv").string());
  // This path leads to the same file.
  EXPECT_TRUE(read("../" + folder_.filename().string() + "/pad.yaml"));
}

TEST_F(PairsFile, TellsNothingFoundFromNotCompared) {
  const auto snu = read("snu.yaml");
  ASSERT_TRUE(snu);
  EXPECT_TRUE(snu->names.empty());
  EXPECT_FALSE(read("other.yaml"));
}

TEST_F(PairsFile, SaysWhatWasLookedForIfTheBenchmarkIsMissing) {
  initialize_logging(0, 1);
  testing::internal::CaptureStderr();
  read("other.yaml");
  const std::string said = testing::internal::GetCapturedStderr();
  for (const auto& file : {folder_ / "pairs.csv", folder_ / "pad.yaml", folder_ / "other.yaml",
                           std::filesystem::current_path() / "shards"}) {
    EXPECT_THAT(said, testing::HasSubstr(file.string()));
  }
}

TEST_F(PairsFile, WithOtherColumnsIsRefused) {
  std::ofstream(folder_ / "pairs.csv") << "filename,label\n";
  EXPECT_THROW(read("pad.yaml"), DataError);
}

}  // namespace
}  // namespace dermatome
