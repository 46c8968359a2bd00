#include "sharding/shard_tokens.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <thread>

#include "sharding/build_source.h"
#include "sharding/dataset.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/text/read_tokenizer.h"
#include "tests/sharding/test_data.h"
#include "tests/support/toy_tokenizer.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A data set of three shards with 2 samples each, and a cache of its own.
class ShardTokensTest : public testing::Test {
 protected:
  ShardTokensTest() {
    ::setenv("XDG_CACHE_HOME", cache_.path().c_str(), 1);
    initialize_logging(0, 1);
    const TemporaryDirectory images;
    BuildOptions options;
    options.image_root = images.path();
    options.output = data();
    options.samples_per_shard = 2;
    SampleTable table = make_table(images, 6);
    table.samples[3].captions[0] = kLong;
    build_shards(table, tokenizer(), options);
  }
  ~ShardTokensTest() override { ::unsetenv("XDG_CACHE_HOME"); }

  std::filesystem::path data() const { return work_ / "data"; }
  ShardedDataset open(const Tokenizer& of, int64_t context_length) const {
    return ShardedDataset(data(), TokenFormat{of, context_length});
  }
  // The files with token ids below `folder`.
  static std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
    std::vector<std::filesystem::path> files;
    if (!std::filesystem::exists(folder)) return files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    return files;
  }
  // All files that the data set has ids in, which must lie in one of the two folders.
  std::vector<std::filesystem::path> own_files() const { return files_in(data() / "tokens"); }
  // What is logged while `action` runs.
  template <typename Action>
  static std::string log_of(Action&& action) {
    testing::internal::CaptureStderr();
    action();
    return testing::internal::GetCapturedStderr();
  }

  // A caption of more than 77 of CLIP's tokens.
  static inline const std::string kLong = [] {
    std::string text = "scales";
    for (int i = 0; i < 100; ++i) text += " and scales";
    return text;
  }();
  TemporaryDirectory cache_;
  TemporaryDirectory work_;
};

// Every caption of `dataset` has the ids that `expected` gives it.
void expect_tokens(const ShardedDataset& dataset, const Tokenizer& expected,
                   int64_t context_length) {
  for (int64_t i = 0; i < dataset.size(); ++i) {
    const ShardReader& shard = *dataset.locate(i).shard;
    for (int32_t caption = 0; caption < shard.caption_table_size(); ++caption) {
      const auto ids = expected.encode(shard.caption_text(caption), context_length);
      EXPECT_THAT(shard.tokens(caption), testing::ElementsAreArray(ids));
    }
  }
}

TEST_F(ShardTokensTest, StoredIdsServeTheirTokenizerAndAreCut) {
  for (const int64_t context_length : {77, 20, 3, 1}) {
    expect_tokens(open(tokenizer(), context_length), tokenizer(), context_length);
  }
  EXPECT_THAT(own_files(), IsEmpty());
  EXPECT_THAT(files_in(cache_.path()), IsEmpty());
}

TEST_F(ShardTokensTest, ALongerContextGivesTextsThatWereCutWhole) {
  expect_tokens(open(tokenizer(), 300), tokenizer(), 300);
  EXPECT_EQ(own_files().size(), 3u);
}

TEST_F(ShardTokensTest, IdsOfAnotherTokenizerAreMadeOnceAndKeptBesideTheShards) {
  const ToyTokenizer toy;
  const ShardedDataset first = open(toy, 12);
  int64_t num_captions = 0;
  for (const int64_t row : {0, 2, 4}) num_captions += first.locate(row).shard->caption_table_size();
  EXPECT_EQ(toy.num_encoded(), num_captions);
  EXPECT_EQ(own_files().size(), 3u);
  EXPECT_THAT(files_in(cache_.path()), IsEmpty());

  const ToyTokenizer again;
  const ShardedDataset second = open(again, 12);
  for (int64_t i = 0; i < 6; ++i) second.locate(i);
  EXPECT_EQ(again.num_encoded(), 0);
  expect_tokens(second, toy, 12);

  // Another context, and another tokenizer, have ids of their own.
  expect_tokens(open(toy, 300), toy, 300);
  expect_tokens(open(ToyTokenizer("other"), 12), toy, 12);
  EXPECT_EQ(own_files().size(), 9u);
}

TEST_F(ShardTokensTest, StoredIdsAreThoseOfAnyTokenizer) {
  const ShardedDataset stored(data());
  EXPECT_EQ(stored.tokenizer_hash(), tokenizer().hash());
  expect_tokens(stored, tokenizer(), 77);
}

TEST_F(ShardTokensTest, TheDigestIsOfTheDataAndTheOtherOneOfTheTokensToo) {
  const std::string digest = read_manifest(data()).digest;
  const ToyTokenizer toy;
  EXPECT_EQ(open(tokenizer(), 77).digest_with_tokens(), digest);
  EXPECT_EQ(open(tokenizer(), 20).digest_with_tokens(), digest);
  EXPECT_EQ(open(toy, 77).digest(), digest);
  EXPECT_NE(open(toy, 77).digest_with_tokens(), digest);
  EXPECT_NE(open(toy, 77).digest_with_tokens(),
            open(ToyTokenizer("other"), 77).digest_with_tokens());
}

TEST_F(ShardTokensTest, DamagedFilesAreMadeAgain) {
  const ToyTokenizer toy;
  open(toy, 12);
  const std::vector<std::filesystem::path> files = own_files();
  ASSERT_EQ(files.size(), 3u);
  std::filesystem::resize_file(files[0], 1000);
  std::ofstream(files[1], std::ios::binary) << "nothing of the kind";
  {
    std::fstream file(files[2], std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-3, std::ios::end);
    file.put('\x7f');
  }
  const std::string log = log_of([&] { expect_tokens(open(toy, 12), toy, 12); });
  for (const auto& file : files) {
    EXPECT_THAT(log, HasSubstr(file.string() + ": is damaged; the token ids"));
  }
  const ToyTokenizer again;
  EXPECT_EQ(log_of([&] { expect_tokens(open(again, 12), toy, 12); }), "");
  EXPECT_EQ(again.num_encoded(), 0);
}

// A file that lies under another one's name, such as after a copy, is no better than a damaged one.
TEST_F(ShardTokensTest, AFileOfAnotherShardIsNotTaken) {
  const ToyTokenizer toy;
  open(toy, 12);
  const std::vector<std::filesystem::path> files = own_files();
  std::filesystem::copy_file(files[0], files[1], std::filesystem::copy_options::overwrite_existing);
  EXPECT_THAT(log_of([&] { expect_tokens(open(toy, 12), toy, 12); }),
              HasSubstr(files[1].string() + ": is damaged"));
}

TEST_F(ShardTokensTest, AFolderThatCannotBeWrittenLeavesTheUsersCache) {
  std::ofstream(data() / "tokens") << "not a folder";
  const ToyTokenizer toy, again;
  EXPECT_THAT(log_of([&] { open(toy, 12); }), testing::Not(HasSubstr("warning")));
  EXPECT_EQ(files_in(cache_ / "dermatome/tokens").size(), 3u);
  expect_tokens(open(again, 12), toy, 12);
  EXPECT_EQ(again.num_encoded(), 0);
}

TEST_F(ShardTokensTest, WithoutAFolderTheIdsAreMadeWheneverAShardIsOpened) {
  std::ofstream(data() / "tokens") << "not a folder";
  std::ofstream(cache_ / "dermatome") << "not a folder";
  const ToyTokenizer toy;
  std::optional<ShardedDataset> dataset;
  EXPECT_THAT(log_of([&] {
                dataset.emplace(data(), TokenFormat{toy, 12});
              }),
              AllOf(HasSubstr("cannot be kept"), HasSubstr("XDG_CACHE_HOME")));
  expect_tokens(*dataset, toy, 12);
}

TEST_F(ShardTokensTest, ManyMayMakeThemAtOnce) {
  const ToyTokenizer toy;
  {
    std::vector<std::jthread> processes;
    for (int i = 0; i < 6; ++i) {
      processes.emplace_back([&] { expect_tokens(open(toy, 12), toy, 12); });
    }
  }
  EXPECT_EQ(own_files().size(), 3u);  // no temporary file is left
  const ToyTokenizer again;
  expect_tokens(open(again, 12), toy, 12);
  EXPECT_EQ(again.num_encoded(), 0);
}

// A training meets the error when it reads the shard, and data.validation may go on without it.
TEST_F(ShardTokensTest, AShardThatCannotBeReadIsLeftOut) {
  std::filesystem::resize_file(data() / "shard-00001.h5", 5000);
  const ToyTokenizer toy;
  std::optional<ShardedDataset> dataset;
  EXPECT_THAT(log_of([&] {
                dataset.emplace(data(), TokenFormat{toy, 12});
              }),
              AllOf(HasSubstr("shard-00001.h5"), HasSubstr("truncated"),
                    HasSubstr("its captions are not tokenized")));
  EXPECT_EQ(own_files().size(), 2u);
  dataset->locate(0);
  EXPECT_THAT(error_of([&] { dataset->locate(2); }), HasSubstr("truncated"));
}

TEST_F(ShardTokensTest, AStopIsHeard) {
  std::stop_source stop;
  stop.request_stop();
  const ToyTokenizer toy;
  const std::vector<DataSource> sources = {read_source(data())};
  EXPECT_THAT(error_of([&] {
                make_token_files(sources, {toy, 12}, 1, stop.get_token());
              }),
              HasSubstr("stopped"));
  EXPECT_EQ(toy.num_encoded(), 0);
}

TEST_F(ShardTokensTest, ShardingMakesThemForAModelWithoutChangingTheDataSet) {
  const TemporaryDirectory folder;
  make_table(folder, 3);
  const auto vocabulary =
      folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nred\nmole\n");
  SampleSource source;
  source.csv = folder.write("table.csv", "filename,caption\n0.jpg,A red mole\n1.jpg,a naevus\n");
  BuildOptions options;
  options.image_root = folder.path();
  options.samples_per_shard = 10;
  LoneBuilder alone;
  options.output = folder / "plain";
  build_from(source, options, alone);
  const std::string digest = read_manifest(options.output).digest;
  options.output = folder / "both";
  source.tokenizer = vocabulary;
  source.context_length = 4;
  build_from(source, options, alone);
  EXPECT_EQ(read_manifest(options.output).digest, digest);
  EXPECT_THAT(files_in(folder / "plain/tokens"), IsEmpty());
  EXPECT_EQ(files_in(folder / "both/tokens").size(), 1u);

  const auto word_piece = read_tokenizer(vocabulary);
  const ShardedDataset dataset(options.output, TokenFormat{*word_piece, 4});
  const ShardReader& shard = *dataset.locate(0).shard;
  EXPECT_THAT(shard.tokens(shard.caption_ids(0)[0]), ElementsAre(2, 5, 6, 3));
  EXPECT_THAT(shard.tokens(shard.caption_ids(1)[0]), ElementsAre(2, 5, 1, 3));
  source.tokenizer = folder / "none.txt";
  options.output = folder / "third";
  EXPECT_THAT(error_of([&] { build_from(source, options, alone); }), HasSubstr("none.txt"));
  EXPECT_FALSE(std::filesystem::exists(options.output));
}

TEST_F(ShardTokensTest, AVocabularyThatIsTooLargeIsRefused) {
  const ToyTokenizer most("most", 65'536), toy("too many", 65'537);
  open(most, 12);
  EXPECT_THAT(error_of([&] { open(toy, 12); }),
              AllOf(HasSubstr("the tokenizer " + toy.hash().substr(0, 12)), HasSubstr("65537 ids"),
                    HasSubstr("at most 65536")));
}

}  // namespace
}  // namespace dermatome
