#include "sharding/shard_writer.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

TEST(ShardWriter, BytesDependOnlyOnContent) {
  const TemporaryDirectory directory;
  const SampleTable table = make_table(directory, 9);
  const auto samples = make_samples(table, directory, {});
  write_shard(directory / "one.h5", make_header(), samples, tokenizer(), 1);
  // By default HDF5 stores times in seconds; a second file in another second would show that.
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  write_shard(directory / "three.h5", make_header(), samples, tokenizer(), 3);
  EXPECT_TRUE(read_file(directory / "one.h5") == read_file(directory / "three.h5"));
}

TEST(ShardWriter, LeavesNothingButTheShard) {
  const TemporaryDirectory directory;
  const SampleTable table = make_table(directory, 1);
  std::filesystem::create_directory(directory / "out");
  write_shard(directory / "out" / "s.h5", make_header(), make_samples(table, directory, {}),
              tokenizer(), 1);
  const std::filesystem::directory_iterator files(directory / "out");
  EXPECT_EQ(files->path(), directory / "out" / "s.h5");
  EXPECT_EQ(std::distance(files, {}), 1);
}

TEST(ShardWriter, NamesTheFileItCannotWrite) {
  const TemporaryDirectory directory;
  const auto path = directory / "no/such/place.h5";
  EXPECT_NE(
      error_of([&] { write_shard(path, make_header(), {}, tokenizer(), 1); }).find(path.string()),
      std::string::npos);
}

TEST(ShardWriter, RefusesSamplesWithAnotherNumberOfCaptions) {
  const TemporaryDirectory directory;
  SampleTable table = make_table(directory, 2);
  table.samples[1].captions.pop_back();
  EXPECT_THROW(write_shard(directory / "s.h5", make_header(), make_samples(table, directory, {}),
                           tokenizer(), 1),
               InternalError);
}

}  // namespace
}  // namespace dermatome
