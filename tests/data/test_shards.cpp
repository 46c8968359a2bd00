#include "tests/data/test_shards.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <span>
#include <stdexcept>

#include "sharding/manifest.h"
#include "sharding/shard_writer.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/rng.h"
#include "src/image/codec.h"
#include "src/text/clip_tokenizer.h"

namespace dermatome {
namespace {

std::filesystem::path make_directory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "dermatome_data_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  return pattern;
}

CaptionedSample captions_of(int64_t number) {
  CaptionedSample sample;
  sample.image_path = test_source(number);
  for (int64_t k = 0; k < kTestCaptions; ++k) {
    const TestCaption caption = test_caption(number, k);
    sample.captions.push_back(caption.text);
    sample.mask.push_back(caption.valid);
  }
  return sample;
}

ImageRecord record_of(int64_t number, const ImagePolicy& policy) {
  const Image image = test_image(number);
  if (!policy.raw) return {image.height, image.width, encode_jpeg(image, policy.quality)};
  const auto bytes = std::as_bytes(std::span(image.pixels));
  return {image.height, image.width, {bytes.begin(), bytes.end()}};
}

std::string shard_name(int64_t shard) { return "shard-" + std::to_string(shard) + ".h5"; }

ShardEntry write_test_shard(const std::filesystem::path& path, const ShardHeader& header,
                            int64_t first, int64_t last, const Tokenizer& tokenizer) {
  std::vector<CaptionedSample> captions;
  for (int64_t i = first; i < last; ++i) captions.push_back(captions_of(i));
  std::vector<ShardSample> samples;
  for (int64_t i = first; i < last; ++i)
    samples.push_back({&captions[i - first], record_of(i, header.images)});
  write_shard(path, header, samples, tokenizer, /*num_threads=*/1);
  const std::string content = read_file(path);
  return {path.filename().string(), last - first, content.size(),
          crc32c(std::as_bytes(std::span(content)))};
}

}  // namespace

TestCaption test_caption(int64_t sample, int64_t k) {
  const auto numbered = [](const char* text, int64_t number) {
    return std::string(text) + std::to_string(number);
  };
  switch (k) {
    case 0:
      return sample % 10 == 9 ? TestCaption{} : TestCaption{numbered("photo ", sample), true};
    case 1:
      return sample % 4 == 3 ? TestCaption{} : TestCaption{numbered("eczema ", sample % 3), true};
    case 2:
      return sample % 7 == 6
                 ? TestCaption{}
                 : TestCaption{numbered("it shows many scales ", sample % 5), sample % 6 != 5};
    case 3:
      return sample % 10 == 9 ? TestCaption{} : TestCaption{numbered("piece ", sample / 2), true};
    default:
      return sample % 2 == 1 ? TestCaption{} : TestCaption{"eczema 1", true};
  }
}

std::string test_source(int64_t sample) { return "image_" + std::to_string(sample) + ".png"; }

Image test_image(int64_t sample) {
  Image image;
  image.height = static_cast<int>(40 + sample % 7);
  image.width = static_cast<int>(36 + sample % 5);
  image.pixels.resize(static_cast<size_t>(image.height) * image.width * 3);
  Rng random(1, RngPurpose::kTest, static_cast<uint64_t>(sample));
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.next_u32());
  return image;
}

TestShards::TestShards(int64_t num_samples, int64_t samples_per_shard, int quality,
                       const Tokenizer* given)
    : samples_per_shard_(samples_per_shard), directory_(make_directory()) {
  const ClipTokenizer clip;
  const Tokenizer& tokenizer = given == nullptr ? clip : *given;
  ShardHeader header;
  header.tokenizer_hash = tokenizer.hash();
  header.aspects = {"raw", "ontology", "visual_concept", "subcaption_1", "subcaption_2"};
  header.images = {.short_side = 384, .raw = quality == 0, .quality = quality};
  header.build_digest = sha256_hex("test");
  Manifest manifest;
  manifest.format_version = static_cast<int>(header.format_version);
  manifest.tokenizer_hash = header.tokenizer_hash;
  manifest.num_captions = kTestCaptions;
  manifest.aspects = header.aspects;
  manifest.image_short_side = header.images.short_side;
  manifest.image_encoding = encoding_name(header.images);
  manifest.build_digest = header.build_digest;
  for (int64_t first = 0; first < num_samples; first += samples_per_shard) {
    const auto path = directory_ / shard_name(first / samples_per_shard);
    const int64_t last = std::min(first + samples_per_shard, num_samples);
    manifest.shards.push_back(write_test_shard(path, header, first, last, tokenizer));
  }
  write_manifest(directory_, manifest);
  dataset_ = std::make_unique<ShardedDataset>(directory_);
}

TestShards::~TestShards() {
  dataset_.reset();
  std::filesystem::remove_all(directory_);
}

void TestShards::damage(int64_t sample) {
  const auto path = directory_ / shard_name(sample / samples_per_shard_);
  const std::vector<uint8_t> pixels = test_image(sample).pixels;
  const size_t position =
      read_file(path).find({reinterpret_cast<const char*>(pixels.data()), pixels.size()});
  if (position == std::string::npos) throw std::runtime_error("no such image in " + path.string());
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(position));
  file.put(static_cast<char>(pixels[0] ^ 1));
  if (!file.flush()) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace dermatome
