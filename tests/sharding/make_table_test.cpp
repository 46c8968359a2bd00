#include "sharding/make_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sharding/table.h"
#include "src/core/hash.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kTableHeader =
    "filename,truncated_caption,ontology_caption,visual_concept_caption,subcaption_1,subcaption_2,"
    "sub_caption_mask,knowledge_masks,diagnosis\n";
constexpr const char* kPlain =
    "a.png,Red plaque. Scale,It is psoriasis,It shows scale,Red plaque,Scale,"
    "\"[1, 1]\",\"[1, 1, 1]\",psoriasis\n";

SampleTable read_made(const std::string& content,
                      const TableOptions& options = {
                          .kind = TableKind::kMake, .num_subcaptions = 2, .label_column = ""}) {
  const TemporaryDirectory directory;
  return read_table(directory.write("table.csv", content), options);
}

TEST(MakeTable, MapsColumnsToCaptions) {
  const std::string content = std::string(kTableHeader) + kPlain;
  const SampleTable table = read_made(content);
  EXPECT_THAT(table.aspects,
              ElementsAre("caption", "ontology", "visual_concept", "subcaption_1", "subcaption_2"));
  ASSERT_THAT(table.samples, SizeIs(1));
  EXPECT_EQ(table.samples[0].image_path, "a.png");
  EXPECT_THAT(table.samples[0].captions, ElementsAre("Red plaque. Scale", "It is psoriasis",
                                                     "It shows scale", "Red plaque", "Scale"));
  EXPECT_THAT(table.samples[0].mask, ElementsAre(1, 1, 1, 1, 1));
  EXPECT_EQ(table.samples[0].label, -1);
  EXPECT_THAT(table.warnings, IsEmpty());
  EXPECT_EQ(table.content_hash, sha256_hex(content));
}

TEST(MakeTable, EmptyAndNanCellsAreMissingCaptions) {
  const SampleTable table = read_made(std::string(kTableHeader) +
                                      "a.png,Text,nan,,Piece, NaN ,\"[1,0]\",\"[1, 0, 0]\",\n"
                                      "b.png,,It is x,It shows y,,,\"[0, 0]\",\"[0, 1, 1]\",\n");
  EXPECT_THAT(table.samples[0].captions, ElementsAre("Text", "", "", "Piece", ""));
  EXPECT_THAT(table.samples[0].mask, ElementsAre(1, 0, 0, 1, 0));
  EXPECT_THAT(table.samples[1].captions, ElementsAre("", "It is x", "It shows y", "", ""));
  EXPECT_THAT(table.samples[1].mask, ElementsAre(0, 1, 1, 0, 0));
  EXPECT_THAT(table.warnings, IsEmpty());
}

TEST(MakeTable, AnInvalidCaptionKeepsItsText) {
  const SampleTable table =
      read_made(std::string(kTableHeader) +
                "a.png,Text,It is x,It shows y,Piece,,\"[0, 0]\",\"[1, 0, 1]\",\n");
  EXPECT_EQ(table.samples[0].captions[1], "It is x");
  EXPECT_THAT(table.samples[0].mask, ElementsAre(1, 0, 1, 0, 0));
}

TEST(MakeTable, MaskOfAMissingCaptionIsClearedWithAWarning) {
  const SampleTable table = read_made(std::string(kTableHeader) + kPlain +
                                      "a.png,Text,It is x,,Piece,,\"[1, 1]\",\"[1, 1, 1]\",\n");
  EXPECT_THAT(table.samples[1].mask, ElementsAre(1, 1, 0, 1, 0));
  EXPECT_THAT(table.warnings, ElementsAre(AllOf(HasSubstr("1 row(s)"), HasSubstr("line 3"),
                                                HasSubstr("missing caption valid"))));
}

TEST(MakeTable, WarnsOfMasksInTheOrderOfMakesGuide) {
  const SampleTable table = read_made(std::string(kTableHeader) + kPlain +
                                      "a.png,Text,It is x,,Piece,,\"[1, 0]\",\"[1, 0, 1]\",\n"
                                      "b.png,Text,,It shows y,Piece,,\"[1, 0]\",\"[1, 1, 0]\",\n");
  EXPECT_THAT(table.warnings,
              testing::Contains(AllOf(HasSubstr("2 row(s), first at line 3"),
                                      HasSubstr("caption, visual concept, ontology"))));
}

TEST(MakeTable, MasksAreParsedButNeverExecuted) {
  const auto row = [](const std::string& knowledge, const std::string& subcaptions) {
    return std::string(kTableHeader) + "a.png,T,O,V,S,S,\"" + subcaptions + "\",\"" + knowledge +
           "\",\n";
  };
  EXPECT_THAT(read_made(row("[1.0, True ,0]", "[ 0.0,False]")).samples[0].mask,
              ElementsAre(1, 1, 0, 0, 0));
  const auto error = [&](const std::string& knowledge, const std::string& subcaptions) {
    return error_of([&] { read_made(row(knowledge, subcaptions)); });
  };
  EXPECT_THAT(error("__import__('os').abort()", "[1, 1]"),
              AllOf(HasSubstr("line 2, column knowledge_masks"), HasSubstr("brackets")));
  EXPECT_THAT(error("[1, 1, 2]", "[1, 1]"),
              HasSubstr("'[1, 1, 2]' is not a mask: entry 2 is neither 0 nor 1; write"));
  EXPECT_THAT(error("[1, , 1]", "[1, 1]"), HasSubstr("neither 0 nor 1"));
  EXPECT_THAT(error("[1, 1]", "[1, 1]"), HasSubstr("2 instead of 3 entries"));
  EXPECT_THAT(error("[1, 1, 1]", "[]"),
              AllOf(HasSubstr("column sub_caption_mask"), HasSubstr("0 instead of 2")));
  EXPECT_THAT(error("[1, 1, 1]", ""), HasSubstr("brackets"));
}

TEST(MakeTable, MaskEntriesOfUnreadSubcaptionsAreIgnored) {
  const SampleTable table =
      read_made(std::string(kTableHeader) + kPlain,
                {.kind = TableKind::kMake, .num_subcaptions = 1, .label_column = ""});
  EXPECT_THAT(table.samples[0].captions, SizeIs(4));
  EXPECT_THAT(table.samples[0].mask, SizeIs(4));
}

TEST(MakeTable, TakesCaptionIfThereIsNoTruncatedCaption) {
  const std::string header =
      "filename,caption,ontology_caption,visual_concept_caption,knowledge_masks\n";
  const SampleTable table =
      read_made(header + "a.png,Raw,O,V,\"[1,1,1]\"\n",
                {.kind = TableKind::kMake, .num_subcaptions = 0, .label_column = ""});
  EXPECT_THAT(table.samples[0].captions, ElementsAre("Raw", "O", "V"));
}

TEST(MakeTable, LabelsAreNumberedInAlphabeticalOrder) {
  const SampleTable table =
      read_made(std::string(kTableHeader) + kPlain +
                    "b.png,T,O,V,S,S,\"[1, 1]\",\"[1, 1, 1]\",eczema\n"
                    "c.png,T,O,V,S,S,\"[1, 1]\",\"[1, 1, 1]\",\n",
                {.kind = TableKind::kMake, .num_subcaptions = 2, .label_column = "diagnosis"});
  EXPECT_THAT(table.label_names, ElementsAre("eczema", "psoriasis"));
  EXPECT_EQ(table.samples[0].label, 1);
  EXPECT_EQ(table.samples[1].label, 0);
  EXPECT_EQ(table.samples[2].label, -1);
}

TEST(MakeTable, RefusesWhatIsIncomplete) {
  const std::string plain = std::string(kTableHeader) + kPlain;
  EXPECT_THAT(error_of([&] {
                read_made(plain,
                          {.kind = TableKind::kMake, .num_subcaptions = 3, .label_column = ""});
              }),
              AllOf(HasSubstr("table.csv has no column 'subcaption_3', but --num-subcaptions is 3; "
                              "the table has 2 subcaption(s): give --num-subcaptions 2,"),
                    HasSubstr("diagnosis")));
  EXPECT_THAT(
      error_of([&] {
        read_made(plain, {.kind = TableKind::kMake, .num_subcaptions = 2, .label_column = "class"});
      }),
      HasSubstr("no column 'class'"));
  EXPECT_THAT(error_of([&] { read_made("filename,ontology_caption\n"); }),
              HasSubstr("no column 'truncated_caption'"));
  EXPECT_THAT(error_of([&] {
                read_made(std::string(kTableHeader) + " ,T,O,V,S,S,\"[1,1]\",\"[1,1,1]\",\n");
              }),
              HasSubstr("line 2: filename is empty"));
  EXPECT_THAT(error_of([&] { read_made(kTableHeader); }), HasSubstr("no rows"));
}

}  // namespace
}  // namespace dermatome
