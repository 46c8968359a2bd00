#include "src/report/statistics.h"

#include <gmock/gmock.h>

#include <cstddef>
#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "sharding/shard_writer.h"
#include "src/core/log.h"
#include "src/text/clip_tokenizer.h"
#include "tests/data/test_shards.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using testing::HasSubstr;

std::string statistics_of(const TestShards& shards, int64_t samples, int64_t per_shard) {
  DataStatistics statistics;
  for (int64_t first = 0; first < samples; first += per_shard) {
    statistics.add(*shards.dataset().locate(first).shard);
  }
  std::ostringstream out;
  statistics.write(out);
  return out.str();
}

TEST(DataStatistics, CountCaptionsOverShards) {
  constexpr int64_t kSamples = 23;
  const TestShards shards(kSamples, 5);
  const ClipTokenizer tokenizer;
  const std::string written = statistics_of(shards, kSamples, 5);
  const ShardReader& shard = *shards.dataset().locate(0).shard;
  for (int64_t k = 0; k < kTestCaptions; ++k) {
    std::set<std::string> distinct;
    std::vector<size_t> lengths;
    for (int64_t i = 0; i < kSamples; ++i) {
      const TestCaption caption = test_caption(i, k);
      if (!caption.valid) continue;
      distinct.insert(caption.text);
      lengths.push_back(tokenizer.encode(caption.text).size());
    }
    ASSERT_FALSE(lengths.empty());
    std::ranges::sort(lengths);
    const std::string& name = shard.header().aspects[static_cast<size_t>(k)];
    EXPECT_THAT(written, HasSubstr(format(
                             "  %-16s %10zu %5.1f %% %10zu %14zu %11zu %8d\n", name.c_str(),
                             lengths.size(), 100.0 * static_cast<double>(lengths.size()) / kSamples,
                             distinct.size(), lengths[lengths.size() / 2], lengths.back(), 0)));
  }
}

TEST(DataStatistics, DescribeSizesAndClasses) {
  const TestShards shards(4, 2);
  const std::string written = statistics_of(shards, 4, 2);
  int least = test_image(0).width, most = least;
  for (int64_t i = 1; i < 4; ++i) {
    least = std::min(least, test_image(i).width);
    most = std::max(most, test_image(i).width);
  }
  EXPECT_THAT(written, HasSubstr(format("width  %d to %d, median ", least, most)));
  EXPECT_THAT(written, HasSubstr("shorter side below 224: 4 (100.0 %)"));
  EXPECT_THAT(written, HasSubstr("transparent before they were stored: 0\n"));
  EXPECT_THAT(written, HasSubstr("in more than one sample: 0\n"));
  EXPECT_THAT(written, HasSubstr("classes: "));
}

// The statistics of a shard with the images of these names; a number below 0: the shard does not
// hold it.
std::string statistics_of(const std::vector<std::string>& names, int64_t num_transparent) {
  const ClipTokenizer tokenizer;
  ShardHeader header;
  header.tokenizer_hash = tokenizer.hash();
  header.aspects = {"caption"};
  header.images = {.raw = true};
  header.num_transparent = num_transparent;
  std::vector<CaptionedSample> captioned(names.size());
  std::vector<ShardSample> samples;
  for (size_t i = 0; i < names.size(); ++i) {
    captioned[i] = {.image_path = names[i], .captions = {"A"}, .mask = {1}};
    samples.push_back(
        {&captioned[i], {.height = 1, .width = 1, .bytes = std::vector<std::byte>(3)}});
  }
  const std::filesystem::path path = scratch_folder() / "shard.h5";
  write_shard(path, header, samples, tokenizer, /*num_threads=*/1);
  DataStatistics statistics;
  statistics.add(ShardReader(path));
  std::ostringstream out;
  statistics.write(out);
  return out.str();
}

TEST(DataStatistics, SayIfOlderShardsDidNotCountTransparentImages) {
  EXPECT_THAT(statistics_of({"a", "b"}, /*num_transparent=*/2),
              HasSubstr("transparent before they were stored: 2\n"));
  EXPECT_THAT(statistics_of({"a", "b"}, /*num_transparent=*/-1),
              HasSubstr("transparent before they were stored: not known; an older version made"));
}

TEST(DataStatistics, CountImagesInSeveralSamples) {
  EXPECT_THAT(statistics_of({"a", "b", "a", "c", "c", "a"}, /*num_transparent=*/0),
              HasSubstr("in more than one sample: 2\n"));
}

}  // namespace
}  // namespace dermatome
