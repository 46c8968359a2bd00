#include "sharding/caption_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sharding/table.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SampleTable read_rows(const std::string& content, TableOptions options = {},
                      const std::string& name = "table.csv") {
  const TemporaryDirectory directory;
  options.num_subcaptions = 2;
  return read_table(directory.write(name, content), options);
}

TEST(CaptionTable, HasOneCaptionPerImage) {
  const SampleTable table = read_rows("filename,caption,label\na.jpg,A red patch,x\nb.jpg,nan,y\n");
  EXPECT_EQ(table.kind, "captions");
  EXPECT_THAT(table.samples[0].captions, ElementsAre("A red patch", "", "", "", ""));
  EXPECT_THAT(table.samples[0].mask, ElementsAre(1, 0, 0, 0, 0));
  EXPECT_THAT(table.samples[1].mask, ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(table.label_names, ElementsAre("x", "y"));
  EXPECT_THAT(table.warnings,
              ElementsAre(AllOf(HasSubstr("1 row(s) have no caption"), HasSubstr("line 3"))));
}

TEST(CaptionTable, TablesOfOtherProgramsAreRecognized) {
  for (const char* content : {"filepath\ttitle\na.jpg\tA, B\n", "file_name;text\na.jpg;A, B\n",
                              "title,filepath\n\"A, B\",a.jpg\n"}) {
    const SampleTable table = read_rows(content);
    EXPECT_EQ(table.samples[0].image_path, "a.jpg") << content;
    EXPECT_EQ(table.samples[0].captions[0], "A, B") << content;
  }
  const SampleTable lines =
      read_rows("{\"file_name\": \"a.jpg\", \"text\": \"A\"}\n", {}, "table.jsonl");
  EXPECT_EQ(lines.samples[0].captions[0], "A");
}

TEST(CaptionTable, OptionsNameColumnsAndSeparator) {
  const std::string content = "path|alt|note|caption\na.jpg|A|B|C\n";
  const TableOptions options = {.image_column = "path", .caption_column = "alt", .separator = '|'};
  const SampleTable table = read_rows(content, options);
  EXPECT_EQ(table.samples[0].image_path, "a.jpg");
  EXPECT_EQ(table.samples[0].captions[0], "A");
  TableOptions others = options;
  others.caption_column = "note";
  EXPECT_NE(read_rows(content, others).content_hash, table.content_hash);
  EXPECT_EQ(read_rows(content, options).content_hash, table.content_hash);

  EXPECT_THAT(error_of([&] { read_rows(content, {.caption_column = "alt", .separator = '|'}); }),
              AllOf(HasSubstr("'filepath'"), HasSubstr("--image-column"), HasSubstr("path, alt")));
  others.caption_column = "gone";
  EXPECT_THAT(error_of([&] { read_rows(content, others); }), HasSubstr("no column 'gone'"));
  EXPECT_THAT(error_of([] {
                read_rows("filename,label\na,x\n",
                          {.kind = TableKind::kLabels, .caption_column = "label"});
              }),
              HasSubstr("--table labels"));
  EXPECT_THAT(error_of([] { read_rows("filename,label\na,x\n", {.kind = TableKind::kCaptions}); }),
              HasSubstr("--caption-column"));
}

TEST(CaptionTable, TheRawCaptionOfOtherKindsMayHaveAnotherColumn) {
  const TableOptions options = {.caption_column = "mine"};
  const SampleTable make = read_rows(
      "filename,caption,mine,ontology_caption,visual_concept_caption,subcaption_1,subcaption_2,"
      "sub_caption_mask,knowledge_masks\na,C,M,O,V,S,,\"[1, 0]\",\"[1, 1, 1]\"\n",
      options);
  EXPECT_EQ(make.kind, "make");
  EXPECT_EQ(make.samples[0].captions[0], "M");
  const SampleTable derm1m = read_rows(
      "filename,caption,truncated_caption,mine,hierarchical_disease_label,skin_concept\n"
      "a,C,T,M one. Two.,O,V\n",
      options);
  EXPECT_THAT(derm1m.samples[0].captions,
              ElementsAre("M one. Two.", HasSubstr("O"), HasSubstr("V"), "M one", "Two"));
}

TEST(CaptionTable, TemplatesTakeTurns) {
  const SampleTable table = read_rows("filename,label,age\na,eczema,4\nb,naevus,5\nc,wart,\nd,,\n",
                                      {.templates = {"a {}", "a {} at {age}"}});
  EXPECT_EQ(table.kind, "labels");
  EXPECT_THAT(table.samples[0].captions, ElementsAre("a eczema", "", "", "a eczema at 4", ""));
  EXPECT_THAT(table.samples[0].mask, ElementsAre(1, 0, 0, 1, 0));
  EXPECT_THAT(table.samples[1].captions, ElementsAre("a naevus at 5", "", "", "a naevus", ""));
  EXPECT_THAT(table.samples[2].captions, ElementsAre("a wart", "", "", "", ""));
  EXPECT_THAT(table.samples[3].mask, ElementsAre(0, 0, 0, 0, 0));
  EXPECT_THAT(table.warnings, ElementsAre(AllOf(HasSubstr("1 row(s)"), HasSubstr("line 5"),
                                                HasSubstr("template"))));
  EXPECT_NE(table.content_hash,
            read_rows("filename,label,age\na,eczema,4\nb,naevus,5\nc,wart,\nd,,\n").content_hash);
}

TEST(CaptionTable, TemplatesNeedNoLabels) {
  const SampleTable table =
      read_rows("filename,dx\na,wart\n", {.templates = {"a photo of a {dx}"}});
  EXPECT_EQ(table.samples[0].captions[0], "a photo of a wart");
  EXPECT_THAT(table.label_names, IsEmpty());
}

TEST(CaptionTable, TemplatesFillOnlyRowsWithoutACaption) {
  const std::string content = "filename,caption,label\na,C,x\nb,,y\n";
  const SampleTable table = read_rows(content, {.templates = {"a {}"}});
  EXPECT_EQ(table.samples[0].captions[0], "C");
  EXPECT_EQ(table.samples[1].captions[0], "a y");
  const TableOptions alone = {.kind = TableKind::kLabels, .templates = {"a {}"}};
  EXPECT_EQ(read_rows(content, alone).samples[0].captions[0], "a x");
  EXPECT_THAT(read_rows("filename,caption,label\na,C,x\n", {.templates = {"a {}"}}).warnings,
              ElementsAre(HasSubstr("no row needs --template")));
}

TEST(CaptionTable, TemplatesThatMakeNothingAreRefused) {
  EXPECT_THAT(error_of([] { read_rows("filename,label\na,\nb,nan\n", {.templates = {"a {}"}}); }),
              AllOf(HasSubstr("--template 'a {}': no row of"), HasSubstr("filename, label")));
  EXPECT_THAT(
      error_of([] { read_rows("filename,caption\na,C\n", {.templates = {"{caption} of skin"}}); }),
      HasSubstr("--table labels"));
  EXPECT_THAT(error_of([] {
                read_rows("filename,caption,hierarchical_disease_label,skin_concept\na,C,O,V\n",
                          {.templates = {"a {caption}"}});
              }),
              AllOf(HasSubstr("kind derm1m"), HasSubstr("captions.py")));
}

}  // namespace
}  // namespace dermatome
