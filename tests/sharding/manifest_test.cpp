#include "sharding/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sharding/format.h"
#include "src/core/file.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Manifest example() {
  Manifest manifest;
  manifest.format_version = static_cast<int>(shard_format::kFormatVersion);
  manifest.tokenizer_hash = "abc";
  manifest.num_captions = 2;
  manifest.aspects = {"caption", "ontology"};
  manifest.image_short_side = 384;
  manifest.image_encoding = "jpeg";
  manifest.jpeg_quality = 90;
  manifest.label_names = {"na\xC3\xAFve \"quoted\"", "new\nline"};
  manifest.num_rejected = 3;
  manifest.build_digest = "def";
  manifest.shards = {{"shard-00000.h5", 10, 5'000'000'000, 4'000'000'000},
                     {"shard-00001.h5", 7, 1, 2}};
  return manifest;
}

TEST(Manifest, ReturnsWhatWasWritten) {
  const TemporaryDirectory directory;
  const Manifest written = write_manifest(directory.path(), example());
  EXPECT_EQ(written.digest.size(), 64);
  for (const auto& path : {directory.path(), directory / "manifest.yaml"}) {
    const Manifest manifest = read_manifest(path);
    EXPECT_EQ(manifest.digest, written.digest);
    EXPECT_EQ(manifest.tokenizer_hash, "abc");
    EXPECT_EQ(manifest.num_captions, 2);
    EXPECT_EQ(manifest.aspects, example().aspects);
    EXPECT_EQ(manifest.image_short_side, 384);
    EXPECT_EQ(manifest.image_encoding, "jpeg");
    EXPECT_EQ(manifest.jpeg_quality, 90);
    EXPECT_EQ(manifest.label_names, example().label_names);
    EXPECT_EQ(manifest.num_rejected, 3);
    EXPECT_EQ(manifest.build_digest, "def");
    ASSERT_EQ(manifest.shards.size(), 2);
    EXPECT_EQ(manifest.shards[0].file, "shard-00000.h5");
    EXPECT_EQ(manifest.shards[0].num_samples, 10);
    EXPECT_EQ(manifest.shards[0].bytes, 5'000'000'000);
    EXPECT_EQ(manifest.shards[0].crc32c, 4'000'000'000);
    EXPECT_EQ(manifest.num_samples(), 17);
  }
}

TEST(Manifest, DigestDependsOnEveryShard) {
  const TemporaryDirectory directory;
  const std::string digest = write_manifest(directory.path(), example()).digest;
  Manifest other = example();
  other.shards[1].crc32c ^= 1;
  EXPECT_NE(write_manifest(directory.path(), other).digest, digest);
}

TEST(Manifest, RefusesWhatItCannotTrust) {
  const TemporaryDirectory directory;
  const auto path = directory / "manifest.yaml";
  const auto error = [&] { return error_of([&] { read_manifest(directory.path()); }); };
  EXPECT_THAT(error(), HasSubstr(path.string()));
  directory.write("manifest.yaml", "a: [1");
  EXPECT_THAT(error(), AllOf(HasSubstr(path.string()), HasSubstr("no valid manifest"),
                             HasSubstr("dermatome shard")));
  directory.write("manifest.yaml", "{}");
  EXPECT_THAT(error(), HasSubstr("not the manifest"));

  write_manifest(directory.path(), example());
  patch_file(path, "\"num_rejected\": 3", "\"num_rejected\": 4");
  EXPECT_THAT(error(), HasSubstr("contradicts its own digest"));

  write_manifest(directory.path(), example());
  patch_file(path, "\"format_version\": 1", "\"format_version\": 7");
  EXPECT_THAT(error(), HasSubstr("format version 7"));

  write_manifest(directory.path(), example());
  patch_file(path, "\"label_names\"", "\"label_nemes\"");
  EXPECT_THAT(error(), HasSubstr("label_names"));

  Manifest elsewhere = example();
  elsewhere.shards[0].file = "../other.h5";
  write_manifest(directory.path(), elsewhere);
  EXPECT_THAT(error(), HasSubstr("../other.h5"));
}

TEST(Manifest, NamesTheEntryThatIsNotAsExpected) {
  const TemporaryDirectory directory;
  const auto error_with = [&](const std::string& from, const std::string& to) {
    write_manifest(directory.path(), example());
    std::string content = read_file(directory / "manifest.yaml");
    content.replace(content.find(from), from.size(), to);
    directory.write("manifest.yaml", content);
    return error_of([&] { read_manifest(directory.path()); });
  };
  EXPECT_THAT(error_with("\"jpeg_quality\": 90", "\"jpeg_quality\": 4294967386"),
              HasSubstr("jpeg_quality (4294967386) must be a whole number"));
  EXPECT_THAT(error_with("\"bytes\": 1,", "\"bytes\": 1, \"bites\": 1,"),
              HasSubstr("unknown key 'shards[1].bites' with value 1; the nearest known key is "
                        "'shards[1].bytes'"));
  EXPECT_THAT(error_with("\"bytes\": 1,", "\"bytes\": 1, \"bytes\": 1,"),
              HasSubstr("the key \"bytes\" is there a second time"));
  EXPECT_THAT(error_with("\"crc32c\": 2", "\"crc32c\": -2"),
              HasSubstr("shards[1].crc32c (-2) must be a whole number from 0 to 4294967295"));
}

}  // namespace
}  // namespace dermatome
