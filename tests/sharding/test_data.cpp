#include "tests/sharding/test_data.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <span>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/rng.h"
#include "src/image/codec.h"

// The leak sanitizer calls this. HDF5 leaks some memory when it refuses a damaged file, which the
// tests make it do hundreds of times.
// NOLINTNEXTLINE(readability-identifier-naming,bugprone-reserved-identifier): the sanitizer's name.
extern "C" const char* __lsan_default_suppressions() { return "leak:libhdf5"; }

namespace dermatome {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "dermatome_XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("cannot make " + pattern);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() { std::filesystem::remove_all(path_); }

std::filesystem::path TemporaryDirectory::write(const std::string& name,
                                                const std::string& content) const {
  std::ofstream(path_ / name, std::ios::binary) << content;
  return path_ / name;
}

const ClipTokenizer& tokenizer() {
  static const ClipTokenizer instance;
  return instance;
}

Image noise(int height, int width, int seed) {
  Image image = black_image(height, width);
  Rng random(1, RngPurpose::kTest, static_cast<uint64_t>(seed));
  for (uint8_t& value : image.pixels) value = static_cast<uint8_t>(random.next_u32());
  return image;
}

SampleTable make_table(const TemporaryDirectory& directory, int num_samples) {
  SampleTable table;
  table.aspects = {"caption", "ontology", "visual_concept", "subcaption_1", "subcaption_2"};
  table.label_names = {"eczema", "naevus", "psoriasis"};
  for (int i = 0; i < num_samples; ++i) {
    const std::string number = std::to_string(i);
    CaptionedSample sample;
    sample.image_path = number + ".jpg";
    sample.captions = {i % 5 == 4 ? "" : "Photo " + number, "Diagnosed as " + std::to_string(i % 3),
                       i % 2 == 0 ? "Shows scale" : "", "Piece " + number, ""};
    for (const std::string& caption : sample.captions) sample.mask.push_back(!caption.empty());
    sample.label = i % 4 == 3 ? -1 : i % 3;
    const auto encoded = encode_jpeg(noise(30 + i % 7, 24 + i % 3, i), 90);
    directory.write(sample.image_path,
                    {reinterpret_cast<const char*>(encoded.data()), encoded.size()});
    table.content_hash = sha256_hex(table.content_hash + sample.image_path);
    table.samples.push_back(std::move(sample));
  }
  return table;
}

ShardHeader make_header() {
  ShardHeader header;
  header.tokenizer_hash = tokenizer().hash();
  header.aspects = {"caption", "ontology", "visual_concept", "subcaption_1", "subcaption_2"};
  header.label_names = {"eczema", "naevus", "psoriasis"};
  header.build_digest = sha256_hex("build");
  header.source_digest = sha256_hex("source");
  return header;
}

std::vector<ShardSample> make_samples(const SampleTable& table, const TemporaryDirectory& directory,
                                      const ImagePolicy& policy) {
  std::vector<ShardSample> samples;
  for (const CaptionedSample& sample : table.samples) {
    samples.push_back({&sample, make_image_record(directory / sample.image_path, policy)});
  }
  return samples;
}

void patch_file(const std::filesystem::path& path, const std::string& from, const std::string& to) {
  ASSERT_EQ(from.size(), to.size());
  const size_t position = read_file(path).find(from);
  ASSERT_NE(position, std::string::npos) << path;
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(static_cast<std::streamoff>(position));
  file << to << std::flush;
  ASSERT_TRUE(file.good()) << path;
}

}  // namespace dermatome
