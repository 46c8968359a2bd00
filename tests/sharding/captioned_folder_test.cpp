#include "sharding/captioned_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class CaptionedFolder : public testing::Test {
 protected:
  void add(const std::string& name, const std::string& content = "") const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    folder_.write(name, content);
  }
  SampleTable read(TableOptions options = {}) const {
    options.num_subcaptions = 1;
    return read_captioned_folder(folder_.path(), options, /*num_threads=*/2);
  }
  // Images and their raw captions.
  static std::vector<std::pair<std::string, std::string>> captions(const SampleTable& table) {
    std::vector<std::pair<std::string, std::string>> captions;
    for (const CaptionedSample& sample : table.samples) {
      EXPECT_EQ(sample.mask[0], !sample.captions[0].empty());
      captions.emplace_back(sample.image_path, sample.captions[0]);
    }
    return captions;
  }

  TemporaryDirectory folder_;
};

TEST_F(CaptionedFolder, ClassesFillTemplates) {
  for (const char* name : {"naevus/a.png", "naevus/b.png", "eczema/c.png", "loose.png"}) add(name);
  EXPECT_EQ(read().kind, "folder");
  const SampleTable table = read({.templates = {"a {}", "skin with {}"}});
  EXPECT_EQ(table.kind, "folder");
  EXPECT_THAT(captions(table), ElementsAre(Pair("eczema/c.png", "a eczema"), Pair("loose.png", ""),
                                           Pair("naevus/a.png", "a naevus"),
                                           Pair("naevus/b.png", "skin with naevus")));
  EXPECT_EQ(table.samples[3].captions[3], "a naevus");
  EXPECT_THAT(table.label_names, ElementsAre("eczema", "naevus"));
  EXPECT_THAT(table.warnings, ElementsAre(HasSubstr("loose.png")));
  EXPECT_NE(table.content_hash, read().content_hash);
  EXPECT_THAT(error_of([&] { read({.templates = {"{age}"}}); }), HasSubstr("'age'"));
  EXPECT_THAT(error_of([&] { read({.caption_column = "text"}); }), HasSubstr("--caption-column"));
  EXPECT_THAT(error_of([&] { read({.kind = TableKind::kMake}); }), HasSubstr("--table"));
}

TEST_F(CaptionedFolder, TemplatesWithoutAnyLabelAreRefused) {
  add("a.png");
  const auto refused = [this](const std::string& one) {
    return error_of([&] { read({.templates = {one}}); });
  };
  const std::string folder = folder_.path().string();
  for (const char* one : {"a {}", "a {label}"}) {
    EXPECT_THAT(refused(one), AllOf(HasSubstr(one), HasSubstr("no image of " + folder + " "),
                                    HasSubstr("move them to " + folder + "/CLASS/IMAGE,")));
  }
  EXPECT_THAT(captions(read({.templates = {"a {}", "{filename}"}})),
              ElementsAre(Pair("a.png", "a.png")));
  add("00000/b.png");
  add("00000/b.json", R"({"dx": "wart"})");
  EXPECT_THAT(refused("a {}"), AllOf(HasSubstr("'a {}'"), HasSubstr("no image of " + folder + " "),
                                     HasSubstr("--label-column"), HasSubstr("b.json has: dx")));
  EXPECT_THAT(refused("a {label}"), AllOf(HasSubstr("'label'"), HasSubstr("b.json has: dx")));
  add("00000/b.txt", "B");
  EXPECT_THAT(captions(read({.templates = {"a {}"}})), Contains(Pair("00000/b.png", "B")));
}

TEST_F(CaptionedFolder, MetadataTablesNameTheirImages) {
  for (const char* name : {"train/a.png", "train/sub/b.png", "test/c.png", "test/d.png"}) add(name);
  add("train/metadata.csv", "file_name,text,age\nsub/b.png,B,4\na.png,A,\n");
  add("test/metadata.csv", "text,file_name,dx\n\"C, c\",c.png,x\n");
  const SampleTable table = read();
  EXPECT_EQ(table.kind, "captions");
  EXPECT_THAT(captions(table), ElementsAre(Pair("test/c.png", "C, c"), Pair("train/sub/b.png", "B"),
                                           Pair("train/a.png", "A")));
  EXPECT_THAT(table.label_names, IsEmpty());
  EXPECT_THAT(table.warnings, ElementsAre(AllOf(HasSubstr("1 image(s)"), HasSubstr("test/d.png"))));
  EXPECT_THAT(read({.label_column = "dx"}).label_names, ElementsAre("x"));
  EXPECT_THAT(captions(read({.kind = TableKind::kLabels, .templates = {"{age} years", "{dx}"}})),
              ElementsAre(Pair("test/c.png", "x"), Pair("train/sub/b.png", "4 years"),
                          Pair("train/a.png", "")));
  add("test/metadata.jsonl", "{\"file_name\": \"c.png\"}\n");
  EXPECT_THAT(error_of([&] { read(); }), AllOf(HasSubstr("/test "), HasSubstr("remove one")));
}

TEST_F(CaptionedFolder, MetadataMayBeJsonLines) {
  add("a.png");
  add("metadata.jsonl", "{\"file_name\": \"a.png\", \"prompt\": \"A\", \"boxes\": [[1]]}\n");
  EXPECT_THAT(error_of([&] { read(); }), AllOf(HasSubstr("prompt"), HasSubstr("--caption-column")));
  EXPECT_THAT(captions(read({.caption_column = "prompt"})), ElementsAre(Pair("a.png", "A")));
  EXPECT_THAT(error_of([&] { read({.caption_column = "boxes"}); }), HasSubstr("no column 'boxes'"));
}

TEST_F(CaptionedFolder, MetadataOfOtherProgramsIsLeftOut) {
  add("naevus/a.png");
  add("metadata.csv", "isic_id,age\na,3\n");
  const SampleTable table = read();
  EXPECT_EQ(table.kind, "folder");
  EXPECT_THAT(table.warnings, ElementsAre(HasSubstr("metadata.csv")));
  add("metadata.csv", "isic_id,text\nnaevus/a.png,A\n");
  EXPECT_THAT(captions(read({.image_column = "isic_id"})), ElementsAre(Pair("naevus/a.png", "A")));
}

TEST_F(CaptionedFolder, FilesBesideImagesAreCaptions) {
  add("00000/000000000.jpg");
  add("00000/000000000.txt",
      "\xEF\xBB\xBF"
      "A scaly plaque\r\n");
  add("00000/000000000.json", R"({"caption": "not read", "dx": "eczema", "width": 3, "exif": {}})");
  add("00001/000010000.jpg");
  add("00001/000010000.json", R"({"caption": "From JSON", "dx": null})");
  add("00001/000010001.jpg");
  add("00001/000010001.txt", " \n");
  add("00000.parquet");
  const SampleTable table = read();
  EXPECT_EQ(table.kind, "captions");
  EXPECT_THAT(captions(table), ElementsAre(Pair("00000/000000000.jpg", "A scaly plaque"),
                                           Pair("00001/000010000.jpg", "From JSON"),
                                           Pair("00001/000010001.jpg", "")));
  EXPECT_THAT(table.label_names, IsEmpty());  // the folders' names are numbers
  EXPECT_THAT(table.warnings,
              ElementsAre(AllOf(HasSubstr("1 row(s) have no caption"), HasSubstr("000010001.jpg")),
                          AllOf(HasSubstr("1 file(s)"), HasSubstr("00000.parquet"))));
  const std::string hash = table.content_hash;
  EXPECT_EQ(read().content_hash, hash);

  EXPECT_THAT(captions(read({.caption_column = "dx"})),
              Contains(Pair("00000/000000000.jpg", "eczema")));
  EXPECT_THAT(read({.label_column = "dx"}).label_names, ElementsAre("eczema"));
  EXPECT_THAT(captions(read({.kind = TableKind::kLabels, .templates = {"{dx}, {width} pixels"}})),
              Contains(Pair("00000/000000000.jpg", "eczema, 3 pixels")));
  EXPECT_THAT(error_of([&] { read({.templates = {"{dxx}"}}); }),
              AllOf(HasSubstr("'dxx'"), HasSubstr("caption, dx, exif, width")));
  EXPECT_THAT(error_of([&] { read({.caption_column = "exif"}); }), HasSubstr("'exif'"));
  add("00001/000010001.txt", "Later");
  EXPECT_NE(read().content_hash, hash);
}

TEST_F(CaptionedFolder, FilesBesideImagesKeepTheClasses) {
  add("naevus/a.png");
  add("naevus/a.txt", "A");
  add("naevus/b.png");
  const SampleTable table = read({.templates = {"a photo of a {}"}});
  EXPECT_THAT(captions(table),
              ElementsAre(Pair("naevus/a.png", "A"), Pair("naevus/b.png", "a photo of a naevus")));
  EXPECT_THAT(table.label_names, ElementsAre("naevus"));
}

TEST_F(CaptionedFolder, ATemplateReadsTheKeyLabelOfFilesBesideImages) {
  add("00000/a.png");
  add("00000/a.json", R"({"label": "wart"})");
  add("naevus/b.png");
  add("naevus/b.json", R"({"label": "blue naevus"})");
  add("naevus/c.png");
  add("naevus/c.json", "{}");
  const SampleTable table = read({.templates = {"a {label}"}});
  EXPECT_THAT(captions(table),
              ElementsAre(Pair("00000/a.png", "a wart"), Pair("naevus/b.png", "a blue naevus"),
                          Pair("naevus/c.png", "a naevus")));
  EXPECT_THAT(table.label_names, ElementsAre("blue naevus", "naevus", "wart"));
  EXPECT_THAT(read({.templates = {"a {}"}}).label_names, ElementsAre("naevus"));
}

TEST_F(CaptionedFolder, FilesThatCannotBeReadAreNamed) {
  add("a.png");
  add("a.json", "{");
  EXPECT_THAT(error_of([&] { read(); }), AllOf(HasSubstr("a.json"), HasSubstr("no JSON object")));
  add("a.txt", "na\xefve");
  EXPECT_THAT(error_of([&] { read(); }), AllOf(HasSubstr("a.txt"), HasSubstr("UTF-8")));
  add("a.txt", "A");  // the JSON file is not needed
  EXPECT_THAT(captions(read()), ElementsAre(Pair("a.png", "A")));
}

}  // namespace
}  // namespace dermatome
