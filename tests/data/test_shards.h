// A small data set in real shards. The content of a sample follows from its number.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "sharding/dataset.h"
#include "src/image/image.h"

namespace dermatome {

inline constexpr int64_t kTestCaptions = 5;  // two subcaptions

struct TestCaption {
  std::string text;  // empty: no caption
  bool valid = false;
};

// Caption `k` of sample `sample`: some are missing, some exist but are invalid, many are shared
// between samples of one and of several shards.
TestCaption test_caption(int64_t sample, int64_t k);

// Name of the sample's image in the table.
std::string test_source(int64_t sample);

// The sample's image: noise, a little larger or smaller from sample to sample.
Image test_image(int64_t sample);

class TestShards {
 public:
  // Samples 0 .. num_samples-1 in a folder of its own, `samples_per_shard` in each shard. Images
  // are raw pixels or, with a `quality`, JPEG. Captions have the ids of `tokenizer`, or CLIP's.
  TestShards(int64_t num_samples, int64_t samples_per_shard, int quality = 0,
             const Tokenizer* tokenizer = nullptr);
  ~TestShards();
  TestShards(const TestShards&) = delete;
  TestShards& operator=(const TestShards&) = delete;

  const ShardedDataset& dataset() const { return *dataset_; }
  const std::filesystem::path& directory() const { return directory_; }

  // Flips a bit of the sample's image in its shard's file. The image must be stored as raw pixels.
  void damage(int64_t sample);

 private:
  int64_t samples_per_shard_;
  std::filesystem::path directory_;
  std::unique_ptr<ShardedDataset> dataset_;
};

}  // namespace dermatome
