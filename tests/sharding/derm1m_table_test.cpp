#include "sharding/derm1m_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sharding/table.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kHeader =
    "filename,caption,truncated_caption,source,hierarchical_disease_label,skin_concept\n";

SampleTable read(const std::string& content, int64_t num_subcaptions = 3) {
  const TemporaryDirectory directory;
  return read_table(directory.write("table.csv", content),
                    {.kind = TableKind::kDerm1m, .num_subcaptions = num_subcaptions});
}

TEST(Derm1mTable, DerivesCaptionsFromRawColumns) {
  const SampleTable table = read(std::string(kHeader) +
                                 "a.png,Pink papules. On the arm.,Pink papules. On the arm.,web,"
                                 "\"inflammatory, lichen planus\",\"papule, plaque\"\n");
  EXPECT_EQ(table.kind, "derm1m");
  EXPECT_THAT(
      table.samples[0].captions,
      ElementsAre("Pink papules. On the arm.",
                  "This is a skin photo diagnosed as inflammatory, lichen planus.",
                  "This skin photo shows papule, plaque.", "Pink papules", "On the arm", ""));
  EXPECT_THAT(table.samples[0].mask, ElementsAre(1, 1, 1, 1, 1, 0));
}

TEST(Derm1mTable, WordsThatMeanNothingAreNoCaptions) {
  const SampleTable table = read(std::string(kHeader) +
                                 "a.png,Text,Text,web,No definitive diagnosis,No visual concepts\n"
                                 "b.png,,,web,,nan\n"
                                 "c.png,,,web,no definitive diagnosis.,NO visual  Concepts\n"
                                 "d.png,,,web,No visual concepts,No Definitive Diagnosis..\n"
                                 "e.png,,,web,..,.\n");
  EXPECT_THAT(table.samples[0].captions, ElementsAre("Text", "", "", "Text", "", ""));
  EXPECT_THAT(table.samples[0].mask, ElementsAre(1, 0, 0, 1, 0, 0));
  for (size_t row = 1; row < 5; ++row) {
    EXPECT_THAT(table.samples[row].mask, ElementsAre(0, 0, 0, 0, 0, 0)) << "row " << row;
  }
}

TEST(Derm1mTable, SentencesEndInOnePoint) {
  const SampleTable table =
      read(std::string(kHeader) + "a.png,Text,Text,web,Lichen planus.,papule..\n");
  EXPECT_EQ(table.samples[0].captions[1], "This is a skin photo diagnosed as Lichen planus.");
  EXPECT_EQ(table.samples[0].captions[2], "This skin photo shows papule.");
}

TEST(Derm1mTable, PiecesAreTrimmedNotEmptyAndOfTheNumberAsked) {
  const SampleTable table = read(std::string(kHeader) +
                                 "a.png,\" One.. Two .\n. 0.5 cm. Four\",\" One.. Two .\n. 0.5 cm. "
                                 "Four\",web,x,y\n");
  EXPECT_THAT(table.samples[0].captions,
              ElementsAre(" One.. Two .\n. 0.5 cm. Four", "This is a skin photo diagnosed as x.",
                          "This skin photo shows y.", "One", "Two", "0"));
  EXPECT_THAT(read(std::string(kHeader) + "a.png,A. B,A. B,web,x,y\n", 0).samples[0].captions,
              testing::SizeIs(3));
}

TEST(Derm1mTable, SubcaptionsComeFromTheWholeCaption) {
  const SampleTable table = read(
      std::string(kHeader) + "a.png,First. Second,First,web,x,y\nb.png,First. Second,,web,x,y\n");
  EXPECT_THAT(table.samples[0].captions,
              ElementsAre("First", testing::_, testing::_, "First", "Second", ""));
  EXPECT_EQ(table.samples[1].captions[0], "First. Second");
}

// MAKE's table has Derm1M's columns under other names, and also the captions derived from them.
TEST(Derm1mTable, GivesTheCaptionsOfMakesTable) {
  const TemporaryDirectory directory;
  const auto path = directory.write(
      "table.csv",
      "filename,caption,truncated_caption,ontology_final,skin_concept_standarized,"
      "visual_concept_caption,ontology_caption,subcaption_1,subcaption_2,subcaption_3,"
      "sub_caption_mask,knowledge_masks\n"
      "a.png,Silvery scale. Both elbows.,Silvery scale. Both elbows.,\"inflammatory, psoriasis\","
      "\"scale, plaque\",\"This skin photo shows scale, plaque.\","
      "\"This is a skin photo diagnosed as inflammatory, psoriasis.\",Silvery scale,Both elbows,,"
      "\"[1, 1, 0]\",\"[1, 1, 1]\"\n"
      "b.png,Brown macule.,Brown macule.,benign,No visual concepts,,"
      "This is a skin photo diagnosed as benign.,Brown macule,,,\"[1, 0, 0]\",\"[1, 1, 0]\"\n");
  const SampleTable given = read_table(path, {.num_subcaptions = 3});
  const SampleTable derived = read_table(path, {.kind = TableKind::kDerm1m, .num_subcaptions = 3});
  EXPECT_EQ(given.kind, "make");
  ASSERT_EQ(given.samples.size(), derived.samples.size());
  for (size_t i = 0; i < given.samples.size(); ++i) {
    EXPECT_EQ(given.samples[i].captions, derived.samples[i].captions);
    EXPECT_EQ(given.samples[i].mask, derived.samples[i].mask);
  }
}

TEST(Derm1mTable, MissingColumnsAreNamed) {
  EXPECT_THAT(error_of([] { read("filename,caption,skin_concept\na,b,c\n"); }),
              HasSubstr("no column 'hierarchical_disease_label'"));
  EXPECT_THAT(error_of([] { read("filename,caption,ontology_final\na,b,c\n"); }),
              HasSubstr("no column 'skin_concept'"));
}

}  // namespace
}  // namespace dermatome
