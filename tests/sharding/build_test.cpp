#include "sharding/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <functional>
#include <map>
#include <thread>
#include <utility>

#include "sharding/dataset.h"
#include "sharding/directory_lock.h"
#include "sharding/verify.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

constexpr int kNumRows = 25;

class BuildTest : public testing::Test {
 protected:
  BuildOptions options(const std::string& output = "out") const {
    BuildOptions options;
    options.image_root = images_.path();
    options.output = work_ / output;
    options.images.short_side = 28;
    options.samples_per_shard = 10;
    options.num_threads = 2;
    return options;
  }
  BuildReport build(const BuildOptions& options) const {
    return build_shards(table_, tokenizer(), options);
  }
  // The content of every file of a data set, by file name.
  static std::map<std::string, std::string> files(const std::filesystem::path& directory) {
    std::map<std::string, std::string> content;
    for (const auto& item : std::filesystem::directory_iterator(directory)) {
      content[item.path().filename().string()] = read_file(item.path());
    }
    return content;
  }

  TemporaryDirectory images_;
  TemporaryDirectory work_;
  SampleTable table_ = make_table(images_, kNumRows);
};

TEST_F(BuildTest, MakesADatasetThatVerifies) {
  const BuildReport report = build(options());
  EXPECT_EQ(report.manifest.num_samples(), kNumRows);
  EXPECT_EQ(report.manifest.label_names, table_.label_names);
  EXPECT_EQ(report.num_kept_shards, 0);
  const auto content = files(options().output);
  ASSERT_EQ(content.size(), 4);
  EXPECT_TRUE(content.contains("manifest.yaml") && content.contains("shard-00002.h5"));
  EXPECT_THAT(verify_dataset(options().output, tokenizer(), 2).problems, IsEmpty());

  const ShardedDataset dataset(options().output);
  ASSERT_EQ(dataset.size(), kNumRows);
  for (int64_t i = 0; i < kNumRows; ++i) {
    const auto [shard, row] = dataset.locate(i);
    EXPECT_EQ(shard->source(row), table_.samples[i].image_path);
  }
}

TEST_F(BuildTest, BytesDoNotDependOnThreads) {
  BuildOptions one = options("one");
  one.num_threads = 1;
  BuildOptions many = options("many");
  many.num_threads = 5;
  build(one);
  build(many);
  EXPECT_TRUE(files(one.output) == files(many.output));
}

// A team whose ranks are threads of this process.
class ThreadTeam {
 public:
  explicit ThreadTeam(int size) : texts_(size), barrier_(size) {}

  class Member : public BuildTeam {
   public:
    Member(ThreadTeam& team, int rank) : team_(team), rank_(rank) {}
    int rank() const override { return rank_; }
    int size() const override { return static_cast<int>(team_.texts_.size()); }
    std::vector<std::string> exchange(const std::string& text) override {
      team_.texts_[rank_] = text;
      team_.barrier_.arrive_and_wait();
      std::vector<std::string> all = team_.texts_;
      team_.barrier_.arrive_and_wait();
      return all;
    }

   private:
    ThreadTeam& team_;
    int rank_;
  };

 private:
  std::vector<std::string> texts_;
  std::barrier<> barrier_;
};

// The error of build_shards() on every rank; "" if it does not throw. `of_rank_1`: the table that
// rank 1 reads, if it is another one.
std::vector<std::string> build_together(int size, const SampleTable& table,
                                        const std::vector<BuildOptions>& options,
                                        const SampleTable* of_rank_1 = nullptr) {
  ThreadTeam team(size);
  std::vector<std::string> errors(size);
  {
    std::vector<std::jthread> ranks;
    for (int rank = 0; rank < size; ++rank) {
      ranks.emplace_back([&, rank] {
        ThreadTeam::Member member(team, rank);
        try {
          const bool reads_another = rank == 1 && of_rank_1 != nullptr;
          build_shards(reads_another ? *of_rank_1 : table, tokenizer(),
                       options[rank % options.size()], member);
        } catch (const Error& error) {
          errors[rank] = error.what();
        }
      });
    }
  }
  return errors;
}

TEST_F(BuildTest, BytesDoNotDependOnTheNumberOfRanks) {
  images_.write("13.jpg", "not an image");
  BuildOptions one = options("one");
  one.max_bad = 0.1;
  build(one);
  for (const int size : {2, 3, 4}) {
    BuildOptions many = one;
    many.output = work_ / std::to_string(size);
    EXPECT_THAT(build_together(size, table_, {many}), Each(IsEmpty()));
    EXPECT_TRUE(files(many.output) == files(one.output)) << size;
  }
}

TEST_F(BuildTest, ARankThatFailsEndsTheOthers) {
  images_.write("13.jpg", "not an image");  // in the second of three shards
  EXPECT_THAT(build_together(2, table_, {options()}), Each(HasSubstr("1 of 25")));
  // Every rank has its own directory, as on a file system that is not shared.
  const auto errors =
      build_together(2, make_table(images_, kNumRows), {options("mine"), options("yours")});
  EXPECT_THAT(errors[0], HasSubstr("rank 0 does not see it"));
  EXPECT_THAT(errors[1], HasSubstr("rank 0 could not build"));
}

TEST_F(BuildTest, RanksThatWereStartedDifferentlyAreRefused) {
  using Change = std::function<void(BuildOptions&)>;
  const std::vector<std::pair<Change, std::string>> changes = {
      {[](BuildOptions& o) { o.max_bad = 0.5; }, "--max-bad (0.5, not 0)"},
      {[](BuildOptions& o) { o.images.quality = 50; },
       "the encoding, short side and quality of images ([jpeg, 28, 50], not [jpeg, 28, 90])"},
      {[](BuildOptions& o) { o.samples_per_shard = 5; }, "the samples per shard (5, not 10)"},
      {[](BuildOptions& o) { o.binary = std::string("2"); }, "the binary (2, not )"}};
  for (const int size : {2, 3}) {
    for (const auto& [change, words] : changes) {
      BuildOptions other = options();
      change(other);
      EXPECT_THAT(build_together(size, table_, {options(), other, options()}),
                  Each(StartsWith("rank 1 differs from rank 0 in: " + words + "; start all")));
    }
  }
  SampleTable other = table_;
  other.content_hash = "of another file";
  other.label_names.pop_back();
  EXPECT_THAT(build_together(3, table_, {options()}, &other),
              Each(StartsWith("rank 1 differs from rank 0 in: the content of the table or folder, "
                              "the labels; start all")));
  EXPECT_FALSE(std::filesystem::exists(options().output));
}

TEST_F(BuildTest, ASecondRunKeepsEverything) {
  build(options());
  const auto before = files(options().output);
  const auto time = std::filesystem::last_write_time(options().output / "shard-00001.h5");
  const BuildReport report = build(options());
  EXPECT_EQ(report.num_kept_shards, 3);
  EXPECT_EQ(std::filesystem::last_write_time(options().output / "shard-00001.h5"), time);
  EXPECT_TRUE(files(options().output) == before);
}

TEST_F(BuildTest, AnInterruptedRunIsContinued) {
  build(options());
  const auto whole = files(options().output);
  // The build was killed while it wrote the second of three shards.
  std::filesystem::remove(options().output / "manifest.yaml");
  std::filesystem::remove(options().output / "shard-00002.h5");
  std::filesystem::rename(options().output / "shard-00001.h5",
                          options().output / "shard-00001.h5.tmp.4711");
  const BuildReport report = build(options());
  EXPECT_EQ(report.num_kept_shards, 1);
  EXPECT_TRUE(files(options().output) == whole);
}

TEST_F(BuildTest, FilesOfTheUserStay) {
  build(options());
  const auto whole = files(options().output);
  for (const char* name : {"notes.tmp.txt", "notes.tmp.12", "shard-00001.h5.tmp.old"}) {
    work_.write(std::string("out/") + name, name);
  }
  work_.write("out/manifest.yaml.tmp.4711", "");
  work_.write("out/rejected.csv.tmp.4712", "");
  BuildOptions other = options();
  other.images.raw = true;
  EXPECT_THROW(build(other), ConfigError);  // refused before anything is removed
  EXPECT_EQ(files(options().output).size(), whole.size() + 5);
  build(options());
  const auto content = files(options().output);
  EXPECT_EQ(content.size(), whole.size() + 3);
  EXPECT_TRUE(content.contains("notes.tmp.txt") && content.contains("notes.tmp.12") &&
              content.contains("shard-00001.h5.tmp.old"));
}

TEST_F(BuildTest, ADamagedShardIsMadeAgain) {
  build(options());
  const auto whole = files(options().output);
  const auto path = options().output / "shard-00001.h5";
  patch_file(path, "Photo 12", "Photo 13");
  EXPECT_EQ(build(options()).num_kept_shards, 2);
  EXPECT_TRUE(files(options().output) == whole);
  std::filesystem::resize_file(path, 5000);
  EXPECT_EQ(build(options()).num_kept_shards, 2);
  EXPECT_TRUE(files(options().output) == whole);
}

TEST_F(BuildTest, ADamagedManifestIsWrittenAnew) {
  build(options());
  const auto whole = files(options().output);
  for (const char* content : {"", "{"}) {
    work_.write("out/manifest.yaml", content);
    EXPECT_EQ(build(options()).num_kept_shards, 3);
    EXPECT_TRUE(files(options().output) == whole);
  }
}

TEST_F(BuildTest, ASecondBuilderInTheDirectoryIsRefused) {
  build(options());
  const DirectoryLock other(options().output);
  EXPECT_THAT(error_of([&] { build(options()); }), HasSubstr("another process"));
}

TEST_F(BuildTest, AnotherDatasetIsNotOverwritten) {
  build(options());
  const auto before = files(options().output);
  BuildOptions raw = options();
  raw.images.raw = true;
  EXPECT_THROW(build(raw), ConfigError);
  table_.content_hash = "another table";
  EXPECT_THAT(error_of([&] { build(options()); }), HasSubstr("choose another --output"));
  EXPECT_TRUE(files(options().output) == before);
  // The shards that an interrupted run leaves are not overwritten either.
  std::filesystem::remove(options().output / "manifest.yaml");
  EXPECT_THROW(build(options()), ConfigError);
  work_.write("out/shard-00077.h5", "");
  EXPECT_THAT(error_of([&] { build(options()); }), HasSubstr("shard-00077.h5"));
}

TEST_F(BuildTest, AnUnreadableImageStopsTheBuildAndIsNamed) {
  images_.write("13.jpg", "not an image");
  EXPECT_THAT(error_of([&] { build(options()); }),
              AllOf(HasSubstr("13.jpg"), HasSubstr("1 of 25")));
  EXPECT_FALSE(std::filesystem::exists(options().output / "manifest.yaml"));
}

TEST_F(BuildTest, AllUnreadableImagesAreListedBeforeTheBuildFails) {
  const std::string image = read_file(images_ / "3.jpg");
  for (const char* name : {"3.jpg", "13.jpg", "24.jpg"}) images_.write(name, "not an image");
  EXPECT_THAT(error_of([&] { build(options()); }),
              AllOf(HasSubstr("3 of 25 images cannot be read, 0 are allowed"),
                    HasSubstr((options().output / kRejectedName).string())));
  EXPECT_THAT(read_file(options().output / kRejectedName),
              AllOf(HasSubstr("\"3.jpg\""), HasSubstr("\"13.jpg\""), HasSubstr("\"24.jpg\"")));
  EXPECT_FALSE(std::filesystem::exists(options().output / "manifest.yaml"));
  for (const char* name : {"3.jpg", "13.jpg", "24.jpg"}) images_.write(name, image);
  build(options());
  EXPECT_FALSE(std::filesystem::exists(options().output / kRejectedName));
}

// This happens if --images names the wrong folder.
TEST_F(BuildTest, StopsEarlyIfMoreThanAThousandImagesCannotBeRead) {
  const CaptionedSample sample = table_.samples.front();
  table_.samples.assign(2000, sample);
  for (CaptionedSample& missing : table_.samples) missing.image_path += ".none";
  BuildOptions many = options();
  many.samples_per_shard = 100;
  EXPECT_THAT(error_of([&] { build(many); }),
              HasSubstr("1100 of 2000 images cannot be read so far"));
  EXPECT_EQ(files(many.output).size(), 11 + 1);
}

TEST_F(BuildTest, UnreadableImagesAreCountedUpToTheLimit) {
  images_.write("13.jpg", "not an image");
  std::filesystem::remove(images_ / "3.jpg");
  BuildOptions tolerant = options();
  tolerant.max_bad = 0.08;  // 2 of 25
  const BuildReport report = build(tolerant);
  EXPECT_EQ(report.manifest.num_samples(), kNumRows - 2);
  EXPECT_EQ(report.manifest.num_rejected, 2);
  EXPECT_THAT(report.rejected,
              ElementsAre(Field(&RejectedImage::image_path, "3.jpg"),
                          AllOf(Field(&RejectedImage::image_path, "13.jpg"),
                                Field(&RejectedImage::reason, HasSubstr("neither JPEG")))));
  EXPECT_THAT(verify_dataset(tolerant.output, tokenizer(), 1).problems, IsEmpty());
  const std::string list = read_file(tolerant.output / kRejectedName);
  EXPECT_THAT(list, AllOf(StartsWith("filename,reason\n\"3.jpg\","), HasSubstr("\n\"13.jpg\",")));
  // Rejected images of shards that are kept are counted, too.
  const BuildReport again = build(tolerant);
  EXPECT_EQ(again.num_kept_shards, 3);
  EXPECT_EQ(again.manifest.num_rejected, 2);
  EXPECT_EQ(read_file(tolerant.output / kRejectedName), list);
  tolerant.max_bad = 0.079;
  EXPECT_THROW(build(tolerant), DataError);
}

TEST_F(BuildTest, ImagesThatAreChangedAreCounted) {
  const std::string folder = DERMATOME_SOURCE_DIR "/tests/image/data/";
  images_.write("3.jpg", read_file(folder + "palette.gif"));
  images_.write("4.jpg", read_file(folder + "alpha.png"));
  images_.write("14.jpg", read_file(folder + "palette.gif"));
  images_.write("15.jpg", read_file(folder + "gray_16.png"));
  const BuildReport report = build(options());
  EXPECT_EQ(report.num_transparent, 3);
  EXPECT_EQ(report.num_clipped, 1);
  const BuildReport again = build(options());
  EXPECT_EQ(again.num_kept_shards, std::ssize(again.manifest.shards));
  EXPECT_EQ(again.num_transparent, 3);
  EXPECT_EQ(again.num_clipped, 1);
  BuildOptions black = options();
  black.images.background = Background::kBlack;
  EXPECT_THAT(error_of([&] { build(black); }), HasSubstr("choose another --output"));
}

TEST_F(BuildTest, ARepairedImageIsUsed) {
  const std::string image = read_file(images_ / "13.jpg");
  images_.write("13.jpg", "not an image");
  BuildOptions tolerant = options();
  tolerant.max_bad = 0.1;
  build(tolerant);
  images_.write("13.jpg", image);
  const BuildReport report = build(tolerant);
  EXPECT_EQ(report.num_kept_shards, 2);
  EXPECT_EQ(report.manifest.num_samples(), kNumRows);
}

TEST_F(BuildTest, FileNamesAreLookedUpBelowTheRoot) {
  for (CaptionedSample& sample : table_.samples) sample.image_path = "/" + sample.image_path;
  EXPECT_EQ(build(options()).manifest.num_samples(), kNumRows);
  for (CaptionedSample& sample : table_.samples) {
    sample.image_path = images_.path().string() + sample.image_path;
  }
  BuildOptions as_written = options("as_written");
  as_written.image_root.clear();
  EXPECT_EQ(build(as_written).manifest.num_samples(), kNumRows);
}

TEST_F(BuildTest, ATableWithoutReadableImagesIsAnError) {
  for (CaptionedSample& sample : table_.samples) sample.image_path += ".none";
  BuildOptions tolerant = options();
  tolerant.max_bad = 1.0;
  EXPECT_THAT(error_of([&] { build(tolerant); }), HasSubstr("no image"));
}

}  // namespace
}  // namespace dermatome
