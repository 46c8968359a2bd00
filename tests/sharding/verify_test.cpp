#include "sharding/verify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "sharding/build.h"
#include "sharding/dataset.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/sharding/test_data.h"
#include "tests/support/toy_tokenizer.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A data set of three shards with 4, 4 and 2 samples.
class VerifyTest : public testing::Test {
 protected:
  VerifyTest() {
    BuildOptions options;
    options.image_root = images_.path();
    options.output = work_.path();
    options.samples_per_shard = 4;
    build_shards(make_table(images_, 10), tokenizer(), options);
  }
  std::vector<std::string> problems() const {
    return verify_dataset(work_.path(), tokenizer(), 2).problems;
  }
  // The error of reading sample `index` of the data set.
  std::string error_at(int64_t index) const {
    return error_of([&] {
      const ShardedDataset dataset(work_.path());
      const auto [shard, row] = dataset.locate(index);
      shard->decode(row);
    });
  }

  TemporaryDirectory images_;
  TemporaryDirectory work_;
};

TEST_F(VerifyTest, AWholeDatasetHasNoProblems) {
  const VerifyReport report = verify_dataset(work_.path(), tokenizer(), 1);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.num_shards, 3);
  EXPECT_EQ(report.num_samples, 10);
  uint64_t bytes = 0;
  for (int shard = 0; shard < 3; ++shard) {
    bytes += std::filesystem::file_size(work_ / ("shard-0000" + std::to_string(shard) + ".h5"));
  }
  EXPECT_EQ(report.bytes, bytes);
}

TEST_F(VerifyTest, AManifestMayBeNamedFromItsOwnDirectory) {
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(work_.path());
  const VerifyReport report = verify_dataset("manifest.yaml", tokenizer(), 1);
  std::filesystem::current_path(before);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.num_shards, 3);
}

TEST_F(VerifyTest, MissingShard) {
  std::filesystem::remove(work_ / "shard-00001.h5");
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("shard-00001.h5")));
  EXPECT_THAT(error_at(5), HasSubstr("shard-00001.h5"));
  EXPECT_EQ(error_at(3), "");
}

TEST_F(VerifyTest, TruncatedShard) {
  const auto path = work_ / "shard-00002.h5";
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 1);
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("shard-00002.h5"), HasSubstr("truncated"))));
  EXPECT_THAT(error_at(8), HasSubstr("truncated"));
}

TEST_F(VerifyTest, FlippedBitInAnImage) {
  const std::string file = read_file(images_ / "6.jpg");
  std::string damaged = file;
  damaged[200] ^= 4;
  patch_file(work_ / "shard-00001.h5", file, damaged);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("shard-00001.h5 row 2 (6.jpg)"),
                                      HasSubstr("manifest's checksum")));
  EXPECT_THAT(error_at(6), HasSubstr("row 2 (6.jpg)"));
  EXPECT_EQ(error_at(5), "");
}

TEST_F(VerifyTest, FlippedBitInTheIndex) {
  // The first row of /images/index begins with offset 0 and the length of 4.jpg.
  std::string index(12, '\0');
  const auto length = static_cast<uint32_t>(std::filesystem::file_size(images_ / "4.jpg"));
  std::memcpy(index.data() + 8, &length, 4);
  std::string damaged = index;
  damaged[9] ^= 1;
  patch_file(work_ / "shard-00001.h5", index, damaged);
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("shard-00001.h5"), HasSubstr("checksum"))));
  EXPECT_THAT(error_at(4), HasSubstr("checksum"));
}

TEST_F(VerifyTest, ShardOfAnotherBuild) {
  std::filesystem::copy_file(work_ / "shard-00000.h5", work_ / "shard-00001.h5",
                             std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr("not the one its manifest describes")));
}

TEST_F(VerifyTest, ShardThatTheManifestDoesNotKnow) {
  std::filesystem::copy_file(work_ / "shard-00000.h5", work_ / "shard-00009.h5");
  EXPECT_THAT(problems(),
              ElementsAre(AllOf(HasSubstr("shard-00009.h5"), HasSubstr("not in the manifest"))));
}

TEST_F(VerifyTest, IdsOfAnotherTokenizerAreNotCompared) {
  EXPECT_EQ(verify_dataset(work_.path(), tokenizer(), 1).num_unchecked, 0);
  const ToyTokenizer other;
  const VerifyReport report = verify_dataset(work_.path(), other, 1);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.num_unchecked, 3);
  EXPECT_EQ(report.num_shards, 3);
}

TEST_F(VerifyTest, EditedManifest) {
  patch_file(work_ / "manifest.yaml", "\"num_samples\": 4", "\"num_samples\": 5");
  EXPECT_THAT(error_of([&] { problems(); }), HasSubstr("contradicts its own digest"));
}

// A faulty writer would leave wrong tokens with right checksums. Here the checksum's own polynomial
// is added to the data, which does not change the checksum.
TEST_F(VerifyTest, TokensThatAreNotTheCaptions) {
  std::string tokens;
  for (const int32_t id : tokenizer().encode("Photo 5")) {
    tokens += static_cast<char>(id & 0xFF);
    tokens += static_cast<char>(id >> 8);
  }
  constexpr uint64_t kPolynomial = 0x11EDC6F41;
  std::string wrong = tokens;
  for (int bit = 0; bit <= 32; ++bit) {
    if ((kPolynomial >> (32 - bit) & 1) != 0) wrong[bit / 8] ^= static_cast<char>(1 << bit % 8);
  }
  patch_file(work_ / "shard-00001.h5", tokens, wrong);
  EXPECT_THAT(problems(), ElementsAre(AllOf(HasSubstr("shard-00001.h5"), HasSubstr("'Photo 5'"))));
}

TEST_F(VerifyTest, SamplesBeyondTheEndAreAMistakeOfTheCaller) {
  const ShardedDataset dataset(work_.path());
  EXPECT_THROW(dataset.locate(10), InternalError);
  EXPECT_THROW(dataset.locate(-1), InternalError);
}

}  // namespace
}  // namespace dermatome
