#include "sharding/dataset.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <thread>

#include "sharding/build.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "tests/sharding/test_data.h"
#include "tests/support/flaky_reads.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

// Two data sets with two images per shard, one of 6 and one of 3 samples.
class DatasetTest : public testing::Test {
 protected:
  DatasetTest() {
    build(first_, 6);
    build(second_, 3);
  }
  static void build(const TemporaryDirectory& output, int num_samples,
                    bool fewer_captions = false) {
    const TemporaryDirectory images;
    BuildOptions options;
    options.image_root = images.path();
    options.output = output.path();
    options.samples_per_shard = 2;
    SampleTable table = make_table(images, num_samples);
    if (fewer_captions) {
      table.aspects.pop_back();
      for (CaptionedSample& sample : table.samples) {
        sample.captions.pop_back();
        sample.mask.pop_back();
      }
    }
    build_shards(table, tokenizer(), options);
  }
  // Shards that are open stay readable; opening one again fails because of its size.
  static void lengthen_shards(const TemporaryDirectory& output) {
    for (const ShardEntry& shard : read_manifest(output.path()).shards) {
      std::filesystem::resize_file(output / shard.file, shard.bytes + 1);
    }
  }
  ShardedDataset both(OpenShardLimits limits = {}) const {
    return ShardedDataset({first_.path(), second_.path()}, std::nullopt, limits);
  }

  TemporaryDirectory first_, second_;
};

std::string name_of(const ShardedDataset& dataset, int64_t index) {
  const auto [shard, row] = dataset.locate(index);
  return shard->source(row);
}

TEST_F(DatasetTest, SourcesFollowEachOther) {
  const ShardedDataset dataset = both();
  EXPECT_EQ(dataset.size(), 9);
  EXPECT_THAT(dataset.source_sizes(), ElementsAre(6, 3));
  for (int64_t i = 0; i < 9; ++i) {
    EXPECT_EQ(name_of(dataset, i), std::to_string(i < 6 ? i : i - 6) + ".jpg");
    const auto directory = dataset.locate(i).shard->path().parent_path();
    EXPECT_EQ(directory, i < 6 ? first_.path() : second_.path());
  }
}

TEST_F(DatasetTest, TheDigestIsTheManifestsOrThatOfAllInOrder) {
  const ShardedDataset one(first_.path());
  EXPECT_EQ(one.digest(), read_manifest(first_.path()).digest);
  EXPECT_EQ(both().digest().size(), 64u);
  const ShardedDataset turned({second_.path(), first_.path()});
  const ShardedDataset twice({first_.path(), first_.path()});
  EXPECT_NE(both().digest(), one.digest());
  EXPECT_NE(both().digest(), turned.digest());
  EXPECT_NE(twice.digest(), one.digest());
  EXPECT_EQ(both().digest(), both().digest());
}

TEST_F(DatasetTest, RefusesSourcesThatCannotBeMixed) {
  const TemporaryDirectory other, empty;
  build(other, 2, /*fewer_captions=*/true);
  Manifest nothing = read_manifest(second_.path());
  nothing.shards.clear();
  write_manifest(empty.path(), nothing);
  const auto mix = [&](const TemporaryDirectory& second) {
    return error_of([&] { ShardedDataset({first_.path(), second.path()}); });
  };
  EXPECT_THAT(mix(other), AllOf(HasSubstr(other.path().string() + " has 4 captions per sample"),
                                HasSubstr(first_.path().string() + " has 5")));
  EXPECT_THAT(mix(empty), HasSubstr(empty.path().string() + " has no samples"));
  EXPECT_EQ(ShardedDataset(empty.path()).size(), 0);
}

TEST_F(DatasetTest, ClosesTheLeastRecentlyUsedShards) {
  const ShardedDataset dataset = both({.shards = 2});
  const SamplePlace kept = dataset.locate(1);
  EXPECT_EQ(name_of(dataset, 2), "2.jpg");
  EXPECT_EQ(name_of(dataset, 0), "0.jpg");
  EXPECT_EQ(name_of(dataset, 4), "4.jpg");  // closes the shard of sample 2
  lengthen_shards(first_);
  EXPECT_EQ(name_of(dataset, 0), "0.jpg");
  EXPECT_EQ(name_of(dataset, 5), "5.jpg");
  EXPECT_THAT(error_of([&] { dataset.locate(3); }), HasSubstr("shard-00001.h5"));
  EXPECT_EQ(name_of(dataset, 7), "1.jpg");
  EXPECT_EQ(name_of(dataset, 8), "2.jpg");
  EXPECT_THAT(error_of([&] { dataset.locate(0); }), HasSubstr("shard-00000.h5"));
  EXPECT_EQ(kept.shard->decode(kept.row).height, 31);  // its holder can still read
}

TEST_F(DatasetTest, WaitsForAShardThatWasOpenBefore) {
  const ShardedDataset dataset = both({.shards = 1});
  dataset.locate(0);
  dataset.locate(2);  // closes the shard of sample 0
  const std::string away = first_.path().string() + ".gone";
  std::filesystem::rename(first_.path(), away);
  EXPECT_THAT(error_of([&] { dataset.locate(4); }),  // was never open
              AllOf(HasSubstr("shard-00002.h5: No such file"), HasSubstr(kShardRemedy)));
  initialize_logging(0, 1);
  testing::internal::CaptureStderr();
  {
    const std::jthread recovery([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      std::filesystem::rename(away, first_.path());
    });
    EXPECT_EQ(name_of(dataset, 0), "0.jpg");
  }
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("shard-00000.h5, which was open before: its storage is gone"));
}

// This holds even if opening is slow and other shards are used meanwhile.
TEST_F(DatasetTest, AShardJustOpenedCountsAsUsedLast) {
  const ShardedDataset dataset = both({.shards = 2});
  dataset.locate(0);
  dataset.locate(2);
  {
    std::optional<StalledReads> stalled(std::in_place);
    const std::jthread opening([&] { dataset.locate(4); });
    while (StalledReads::num_waiting() == 0) std::this_thread::yield();
    dataset.locate(0);
    dataset.locate(2);
    stalled.reset();
  }
  lengthen_shards(first_);
  EXPECT_EQ(name_of(dataset, 4), "4.jpg");
  EXPECT_THAT(error_of([&] { dataset.locate(0); }), HasSubstr("shard-00000.h5"));
}

TEST_F(DatasetTest, ReadsTheSameIfOnlyFewShardsStayOpen) {
  for (const OpenShardLimits limits : {OpenShardLimits{.shards = 1}, OpenShardLimits{.bytes = 0}}) {
    const ShardedDataset dataset = both(limits);
    std::vector<std::jthread> threads;
    for (int64_t thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int64_t i = 0; i < 90; ++i) {
          const int64_t sample = (i * 5 + thread) % 9;
          const std::string expected = std::to_string(sample < 6 ? sample : sample - 6) + ".jpg";
          ASSERT_EQ(name_of(dataset, sample), expected);
        }
      });
    }
  }
}

}  // namespace
}  // namespace dermatome
