#include "sharding/shard_reader.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <fstream>
#include <thread>

#include "sharding/format.h"
#include "sharding/hdf5.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/image/codec.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr int kNumSamples = 12;

class ShardReaderTest : public testing::Test {
 protected:
  // Writes the table as "s.h5" and returns the file's path.
  std::filesystem::path write(const ShardHeader& header = make_header()) const {
    auto path = directory_ / "s.h5";
    write_shard(path, header, make_samples(table_, directory_, header.images), tokenizer(), 1);
    return path;
  }
  static ShardReader open(const std::filesystem::path& path) { return ShardReader(path); }

  TemporaryDirectory directory_;
  SampleTable table_ = make_table(directory_, kNumSamples);
};

// Replaces attribute `name` by one of the same type whose shape is `space` and whose values are 0.
void change_attribute(const std::filesystem::path& path, const char* name,
                      const hdf5::Handle& space) {
  const hdf5::Handle file(H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT), H5Fclose);
  hdf5::Handle old(H5Aopen(file.get(), name, H5P_DEFAULT), H5Aclose);
  const hdf5::Handle type(H5Aget_type(old.get()), H5Tclose);
  old.reset();
  ASSERT_GE(H5Adelete(file.get(), name), 0);
  const hdf5::Handle changed(
      H5Acreate2(file.get(), name, type.get(), space.get(), H5P_DEFAULT, H5P_DEFAULT), H5Aclose);
  ASSERT_TRUE(changed.valid());
  const auto values = static_cast<size_t>(H5Sget_simple_extent_npoints(space.get()));
  const std::vector<std::byte> zeros(values * H5Tget_size(type.get()));
  if (zeros.empty()) return;
  ASSERT_GE(H5Awrite(changed.get(), type.get(), zeros.data()), 0);
}

void expect_samples(const ShardReader& reader, const SampleTable& table) {
  ASSERT_EQ(reader.num_samples(), table.samples.size());
  for (int64_t row = 0; row < reader.num_samples(); ++row) {
    const CaptionedSample& sample = table.samples[row];
    EXPECT_EQ(reader.source(row), sample.image_path);
    EXPECT_EQ(reader.label(row), sample.label);
    EXPECT_EQ(reader.ontology(row), sample.ontology);
    EXPECT_THAT(reader.mask(row), ElementsAreArray(sample.mask));
    for (size_t k = 0; k < sample.captions.size(); ++k) {
      const int32_t caption = reader.caption_ids(row)[k];
      if (sample.captions[k].empty()) {
        EXPECT_EQ(caption, -1);
      } else {
        EXPECT_EQ(reader.caption_text(caption), sample.captions[k]);
        EXPECT_THAT(reader.tokens(caption),
                    ElementsAreArray(tokenizer().encode(sample.captions[k])));
      }
    }
  }
}

TEST_F(ShardReaderTest, ReturnsWhatWasWritten) {
  const ShardReader reader = open(write());
  expect_samples(reader, table_);
  EXPECT_EQ(reader.header().aspects, make_header().aspects);
  EXPECT_EQ(reader.header().label_names, make_header().label_names);
  EXPECT_EQ(reader.header().images, make_header().images);
  EXPECT_EQ(reader.header().build_digest, make_header().build_digest);
  EXPECT_EQ(reader.header().source_digest, make_header().source_digest);
}

// This holds for JPEG files, too, because files that need not shrink are stored unchanged.
TEST_F(ShardReaderTest, ImagesAreKeptPixelForPixel) {
  for (const bool raw : {false, true}) {
    ShardHeader header = make_header();
    header.images.raw = raw;
    const ShardReader reader = open(write(header));
    EXPECT_EQ(reader.header().images.raw, raw);
    for (int64_t row = 0; row < kNumSamples; ++row) {
      const Image image = load_image(directory_ / table_.samples[row].image_path);
      const Image decoded = reader.decode(row);
      EXPECT_EQ(decoded.height, image.height);
      EXPECT_EQ(decoded.width, image.width);
      EXPECT_EQ(decoded.pixels, image.pixels);
    }
  }
}

TEST_F(ShardReaderTest, EqualCaptionsAreStoredOnce) {
  const ShardReader reader = open(write());
  EXPECT_EQ(reader.caption_ids(0)[2], reader.caption_ids(2)[2]);  // "Shows scale"
  EXPECT_EQ(reader.caption_ids(0)[1], reader.caption_ids(3)[1]);  // "Diagnosed as 0"
  // The table holds "", "nan", 10 raw captions, 3 diagnoses, 1 concept and 12 pieces.
  EXPECT_EQ(reader.caption_table_size(), 28);
}

TEST_F(ShardReaderTest, KnowsTheTextsOfMissingCaptions) {
  const ShardReader reader = open(write());
  EXPECT_EQ(reader.caption_text(reader.empty_caption()), "");
  EXPECT_EQ(reader.caption_text(reader.nan_caption()), "nan");
  EXPECT_THAT(reader.tokens(reader.empty_caption()), ElementsAre(49406, 49407));
}

TEST_F(ShardReaderTest, AShardMayBeEmpty) {
  table_.samples.clear();
  const ShardReader reader = open(write());
  EXPECT_EQ(reader.num_samples(), 0);
}

TEST_F(ShardReaderTest, ThreadsReadAtTheSameTime) {
  const ShardReader reader = open(write());
  std::atomic<int> wrong{0};
  {
    std::array<std::jthread, 4> threads;
    for (std::jthread& thread : threads) {
      thread = std::jthread([&] {
        for (int64_t i = 0; i < 200; ++i) {
          const Image image = reader.decode(i % kNumSamples);
          wrong += image.height != 30 + static_cast<int>(i % kNumSamples) % 7;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

// Every reader opens the file for itself, as ranks do.
TEST_F(ShardReaderTest, ManyReadersShareAFile) {
  const auto path = write();
  const ShardReader first = open(path);
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        const ShardReader reader = open(path);
        for (int64_t row = 0; row < kNumSamples; ++row) {
          wrong += reader.decode(row).pixels != first.decode(row).pixels;
          wrong += reader.source(row) != table_.samples[row].image_path;
          const int32_t caption = reader.caption_ids(row)[1];
          wrong += reader.caption_text(caption) != table_.samples[row].captions[1];
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

TEST_F(ShardReaderTest, ReadsAFileThatIsLocked) {
  const auto path = write();
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(::flock(file, LOCK_EX | LOCK_NB), 0);
  EXPECT_EQ(open(path).num_samples(), kNumSamples);
  ::close(file);
}

// If the file were mapped, a signal would end the process when the file system vanishes.
TEST_F(ShardReaderTest, MetadataIsInMemoryAndImagesAreNot) {
  const ShardReader reader = open(write());
  EXPECT_GT(reader.memory_bytes(), kNumSamples * (24 + 5 * 5 + 8));
  EXPECT_LT(reader.memory_bytes(), reader.file_size() / 2);
  std::string line;
  std::ifstream maps("/proc/self/maps");
  while (std::getline(maps, line)) EXPECT_EQ(line.find("s.h5"), std::string::npos) << line;
}

TEST_F(ShardReaderTest, ReadsAShardOfAnyTokenizer) {
  ShardHeader header = make_header();
  header.tokenizer_hash = std::string(64, 'a');
  const ShardReader reader = open(write(header));
  EXPECT_EQ(reader.header().tokenizer_hash, header.tokenizer_hash);
  expect_samples(reader, table_);
}

TEST_F(ShardReaderTest, GivesAllTextsAtOnceAndTheIdsThatItIsGiven) {
  ShardReader reader = open(write());
  const std::vector<std::string> texts = reader.caption_texts();
  ASSERT_EQ(std::ssize(texts), reader.caption_table_size());
  TokenTable other;
  for (int32_t caption = 0; caption < reader.caption_table_size(); ++caption) {
    EXPECT_EQ(texts[caption], reader.caption_text(caption));
    other.ids.push_back(static_cast<uint16_t>(caption + 7));
    other.bounds.push_back(other.ids.size());
  }
  reader.set_tokens(other);
  EXPECT_THAT(reader.tokens(2), ElementsAre(9));
  EXPECT_THROW(reader.set_tokens({}), InternalError);
}

TEST_F(ShardReaderTest, RefusesAnotherFormatVersion) {
  ShardHeader header = make_header();
  header.format_version = 99;
  EXPECT_THAT(error_of([&] { open(write(header)); }), HasSubstr("format version 99"));
}

TEST_F(ShardReaderTest, RefusesAttributesThatAreNotOneValue) {
  namespace names = shard_format;
  constexpr hsize_t kMany = 1000;
  for (const char* name : {names::kFormatAttribute, names::kVersionAttribute}) {
    for (const bool none : {false, true}) {
      const auto path = write();
      change_attribute(
          path, name,
          {none ? H5Screate(H5S_NULL) : H5Screate_simple(1, &kMany, nullptr), H5Sclose});
      EXPECT_THAT(error_of([&] { open(path); }),
                  AllOf(HasSubstr("s.h5"), HasSubstr(std::string("attribute ") + name + " is not"),
                        HasSubstr(kShardRemedy)));
    }
  }
}

TEST_F(ShardReaderTest, RefusesFilesThatAreNoShards) {
  EXPECT_THAT(error_of([&] { open(directory_ / "none.h5"); }), HasSubstr("none.h5"));
  EXPECT_THAT(error_of([&] { open(directory_ / "0.jpg"); }),
              AllOf(HasSubstr("0.jpg"), HasSubstr(kShardRemedy)));
  EXPECT_THAT(error_of([&] { open(directory_.write("empty.h5", "")); }), HasSubstr("empty.h5"));
}

TEST_F(ShardReaderTest, RefusesEveryTruncation) {
  const std::string whole = read_file(write());
  for (const double share : {0.1, 0.5, 0.9, 0.999}) {
    const auto size = static_cast<size_t>(share * static_cast<double>(whole.size()));
    EXPECT_THAT(error_of([&] { open(directory_.write("cut.h5", whole.substr(0, size))); }),
                HasSubstr("cut.h5"))
        << size;
  }
}

TEST_F(ShardReaderTest, NamesTheRowOfADamagedImage) {
  const auto path = write();
  std::string file = read_file(directory_ / "7.jpg");
  std::string damaged = file;
  damaged[file.size() / 2] ^= 1;
  patch_file(path, file, damaged);
  const ShardReader reader = open(path);
  EXPECT_NO_THROW(reader.decode(6));
  EXPECT_THAT(error_of([&] { reader.decode(7); }),
              AllOf(HasSubstr("s.h5 row 7 (7.jpg)"), HasSubstr("checksum")));
}

TEST_F(ShardReaderTest, DamagedMetadataIsFoundOnOpening) {
  const auto path = write();
  patch_file(path, "Photo 3", "Photo 4");
  EXPECT_THAT(error_of([&] { open(path); }), AllOf(HasSubstr("s.h5"), HasSubstr("checksum")));
}

TEST_F(ShardReaderTest, RefusesIndicesOutOfRange) {
  table_.samples[2].label = 3;
  EXPECT_THAT(error_of([&] { open(write()); }),
              AllOf(HasSubstr("row 2 (2.jpg)"), HasSubstr("label 3"), HasSubstr(kShardRemedy)));
  table_.samples[2].label = 0;
  table_.samples[5].mask[2] = 1;  // this caption is missing
  EXPECT_THAT(error_of([&] { open(write()); }),
              AllOf(HasSubstr("row 5 (5.jpg)"), HasSubstr("visual_concept")));
}

// A single flipped bit anywhere gives an error or, in unused bytes, the same content. It never
// causes a crash or another value.
TEST_F(ShardReaderTest, NoFlippedBitGoesUnnoticed) {
  const std::string whole = read_file(write());
  const ShardReader good = open(directory_ / "s.h5");
  int found = 0;
  int tried = 0;
  for (size_t position = 0; position < whole.size(); position += 1 + whole.size() / 997) {
    std::string damaged = whole;
    damaged[position] ^= static_cast<char>(1 << position % 8);
    const auto path = directory_.write("damaged.h5", damaged);
    ++tried;
    found += !error_of([&] {
                const ShardReader reader = open(path);
                expect_samples(reader, table_);
                for (int64_t row = 0; row < kNumSamples; ++row) {
                  ASSERT_EQ(reader.decode(row).pixels, good.decode(row).pixels) << position;
                }
              }).empty();
    ASSERT_FALSE(HasFailure()) << "bit flipped at " << position;
  }
  EXPECT_GT(found, tried * 0.9);
}

TEST_F(ShardReaderTest, RowsOutOfRangeAreAMistakeOfTheCaller) {
  const ShardReader reader = open(write());
  EXPECT_THROW(reader.decode(kNumSamples), InternalError);
  EXPECT_THROW(reader.mask(-1), InternalError);
  EXPECT_THROW(reader.tokens(reader.caption_table_size()), InternalError);
}

}  // namespace
}  // namespace dermatome
