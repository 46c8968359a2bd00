#include "sharding/stage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "sharding/build.h"
#include "sharding/dataset.h"
#include "sharding/verify.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class StageTest : public testing::Test {
 protected:
  StageTest() {
    const TemporaryDirectory images;
    BuildOptions options;
    options.image_root = images.path();
    options.output = source_.path();
    options.samples_per_shard = 2;
    build_shards(make_table(images, 6), tokenizer(), options);
  }
  void stage() const { stage_datasets({source_.path()}, folder(), 2); }
  std::filesystem::path folder() const { return local_ / "of" / "mine"; }
  std::filesystem::path copy() const {
    return staged_directory(folder(), read_manifest(source_.path()));
  }
  void expect_whole_copy() const {
    EXPECT_TRUE(verify_dataset(copy(), tokenizer(), 1).problems.empty());
    for (const auto& entry : std::filesystem::directory_iterator(copy())) {
      EXPECT_EQ(read_file(entry.path()), read_file(source_ / entry.path().filename().string()));
    }
    EXPECT_EQ(read_manifest(copy()).digest, read_manifest(source_.path()).digest);
  }

  TemporaryDirectory source_, local_;
};

TEST_F(StageTest, ACopyIsTheSameDataset) {
  stage();
  expect_whole_copy();
}

TEST_F(StageTest, WholeShardsStay) {
  stage();
  const auto written = [&](const char* shard) {
    return std::filesystem::last_write_time(copy() / shard);
  };
  const auto first = written("shard-00000.h5");
  std::filesystem::remove(copy() / "shard-00001.h5");
  std::string damaged = read_file(copy() / "shard-00002.h5");
  damaged[damaged.size() / 2] ^= 1;
  write_file_atomically(copy() / "shard-00002.h5", damaged);
  write_file_atomically(copy() / "shard-00000.h5.tmp.1", "left by a process that was killed");
  // Only shards that are missing or damaged are read from the source.
  std::filesystem::rename(source_ / "shard-00000.h5", source_ / "away");
  stage();
  std::filesystem::rename(source_ / "away", source_ / "shard-00000.h5");
  EXPECT_EQ(written("shard-00000.h5"), first);
  expect_whole_copy();
}

TEST_F(StageTest, ADamagedOrMissingShardIsNotStaged) {
  const std::string whole = read_file(source_ / "shard-00001.h5");
  std::string damaged = whole;
  damaged[damaged.size() / 2] ^= 1;
  source_.write("shard-00001.h5", damaged);
  EXPECT_THAT(error_of([&] { stage(); }),
              AllOf(HasSubstr("shard-00001.h5"), HasSubstr("checksum and is not staged")));
  EXPECT_FALSE(std::filesystem::exists(copy() / "shard-00001.h5"));
  std::filesystem::remove(source_ / "shard-00001.h5");
  EXPECT_THAT(error_of([&] { stage(); }), HasSubstr("shard-00001.h5"));
  source_.write("shard-00001.h5", whole);
  stage();
  expect_whole_copy();
}

TEST_F(StageTest, SaysWhereItCannotWrite) {
  write_file_atomically(local_ / "of", "a file");
  EXPECT_THAT(error_of([&] { stage(); }), HasSubstr(folder().string()));
}

TEST_F(StageTest, SaysWhenSpaceIsShort) {
  Manifest manifest = read_manifest(source_.path());
  manifest.shards[1].bytes = uint64_t{1} << 60;
  write_manifest(source_.path(), manifest);
  EXPECT_THAT(error_of([&] { stage(); }),
              AllOf(HasSubstr("the staging folder " + folder().string()),
                    HasSubstr("MiB of shards are to be copied")));
}

TEST_F(StageTest, ProcessesMayStageTheSameDataAtOnce) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(error_of([&] { stage(); }), ""); });
  }
  threads.clear();
  expect_whole_copy();
}

TEST_F(StageTest, StopsOnRequest) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THAT(error_of([&] { stage_datasets({source_.path()}, folder(), 1, stop.get_token()); }),
              HasSubstr("stopped"));
}

}  // namespace
}  // namespace dermatome
