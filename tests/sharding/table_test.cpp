#include "sharding/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

SampleTable read_rows(const std::string& content,
                      const TableOptions& options = {.num_subcaptions = 0}) {
  const TemporaryDirectory directory;
  return read_table(directory.write("table.csv", content), options);
}

TEST(Table, ItsColumnsTellItsKind) {
  EXPECT_EQ(read_rows("filename,caption,ontology_caption,visual_concept_caption,knowledge_masks\n"
                      "a,C,O,V,\"[1, 1, 1]\"\n")
                .kind,
            "make");
  EXPECT_EQ(read_rows("filename,caption,hierarchical_disease_label,skin_concept\na,C,O,V\n").kind,
            "derm1m");
  EXPECT_EQ(read_rows("filename,label\na,naevus\n").kind, "labels");
  EXPECT_EQ(read_rows("filename,dx\na,naevus\n", {.num_subcaptions = 0, .label_column = "dx"}).kind,
            "labels");
}

TEST(Table, OfUnknownKindIsRefused) {
  EXPECT_THAT(error_of([] { read_rows("filename,dx\na,naevus\n"); }),
              AllOf(HasSubstr("table.csv"), HasSubstr("filename, dx"), HasSubstr("--label-column"),
                    HasSubstr("--caption-column"), HasSubstr("--template")));
  EXPECT_THAT(error_of([] { read_rows("label\nx\n"); }),
              AllOf(HasSubstr("no column 'filename'"), HasSubstr("--image-column")));
}

TEST(Table, OfLabelsHasNoCaptions) {
  const SampleTable table = read_rows(
      "\xEF\xBB\xBF"
      "filename,label,age\na.jpg,naevus,3\nb.jpg,,4\nc.jpg,eczema,5\n",
      {.num_subcaptions = 2});
  EXPECT_THAT(table.label_names, ElementsAre("eczema", "naevus"));
  EXPECT_EQ(table.samples[0].label, 1);
  EXPECT_EQ(table.samples[1].label, -1);
  EXPECT_EQ(table.samples[2].label, 0);
  for (const CaptionedSample& sample : table.samples) {
    EXPECT_EQ(sample.captions.size(), table.aspects.size());
    EXPECT_THAT(sample.captions, Each(IsEmpty()));
    EXPECT_THAT(sample.mask, Each(0));
  }
}

TEST(Table, ReadsOntologyLabels) {
  const SampleTable table = read_rows(
      "filename,caption,hierarchical_disease_label,skin_concept,ontology_label,"
      "agent_generated\n"
      "a,C,O,V,17,True\nb,C,O,V,-1,False\nc,C,O,V,,\nd,C,O,V,3.0,False\n");
  EXPECT_EQ(table.samples[0].ontology, 17);
  EXPECT_EQ(table.samples[1].ontology, -1);
  EXPECT_EQ(table.samples[2].ontology, -1);
  EXPECT_EQ(table.samples[3].ontology, 3);
  for (const char* bad : {"x", "1.5", "-2", "99999999999"}) {
    EXPECT_THAT(error_of([&] {
                  read_rows(std::string("filename,label,ontology_label\na,x,") + bad + "\n");
                }),
                AllOf(HasSubstr("line 2, column ontology_label"), HasSubstr(bad)));
  }
}

}  // namespace
}  // namespace dermatome
