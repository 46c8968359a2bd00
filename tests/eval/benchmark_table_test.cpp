#include "src/eval/benchmark_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "src/core/error.h"
#include "src/eval/kinds/classification.h"
#include "src/eval/kinds/concepts.h"
#include "src/eval/kinds/retrieval.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class BenchmarkTableOf : public testing::Test {
 protected:
  BenchmarkTableOf() : folder_(scratch_folder()) {
    options_.name = "bench";
    options_.csv = (folder_ / "table.csv").string();
    options_.images = "/images";
    options_.classes = {{"mel", {"melanoma"}}, {"bcc", {"basal cell carcinoma"}}};
  }

  BenchmarkTable read(const std::string& content) {
    std::ofstream(options_.csv) << content;
    return read_benchmark_table(options_);
  }

  std::string complaint(const std::string& content) {
    try {
      read(content);
    } catch (const DataError& error) {
      return error.what();
    }
    return "none";
  }

  std::filesystem::path folder_;
  BenchmarkOptions options_;
};

TEST_F(BenchmarkTableOf, ImagesLabelsGroupsAndSlices) {
  options_.group_column = "patient";
  options_.slice_columns = {"tone"};
  const BenchmarkTable table = read(
      "filename,label,patient,tone\na.png,bcc,p1,2\nb.png,mel,p2,3\nc.png,mel,p1,2\nd.png,mel,,\n"
      "e.png,mel,,2\n");
  EXPECT_THAT(table.names, ElementsAre("a.png", "b.png", "c.png", "d.png", "e.png"));
  EXPECT_EQ(table.images[0], "/images/a.png");
  EXPECT_THAT(truth_of<ClassLabels>(table).labels, ElementsAre(1, 0, 0, 0, 0));
  // An image without a patient is a group of its own.
  EXPECT_THAT(table.group, ElementsAre(0, 1, 0, 2, 3));
  ASSERT_EQ(table.slices.size(), 1);
  EXPECT_THAT(table.slices[0].values, ElementsAre("2", "3", "2", "", "2"));
  EXPECT_THAT(table.unlisted, testing::IsEmpty());
}

TEST_F(BenchmarkTableOf, LabelOutsideTheClassesIsNamedWithItsLine) {
  EXPECT_THAT(complaint("filename,label\na.png,mel\nb.png,nev\n"),
              AllOf(HasSubstr("table.csv:3"), HasSubstr("'nev'"), HasSubstr("unlisted_labels")));
}

TEST_F(BenchmarkTableOf, LabelsOutsideTheClassesCanBeLeftOutAndAreCounted) {
  options_.unlisted_labels = UnlistedLabels::kIgnore;
  const BenchmarkTable table = read("filename,label\na,nev\nb,mel\nc,nev\nd,\n");
  EXPECT_THAT(table.names, ElementsAre("b"));
  EXPECT_THAT(table.unlisted,
              testing::UnorderedElementsAre(testing::Pair("nev", 2), testing::Pair("", 1)));
  EXPECT_THAT(complaint("filename,label\na,nev\n"), HasSubstr("no rows whose label is a class"));
}

TEST_F(BenchmarkTableOf, RowsOfCertainImagesCanBeLeftOut) {
  const std::string content = "filename,label\na,mel\nb,bcc\na,bcc\nc,mel\n";
  const BenchmarkTable table = parse_benchmark_table(options_, content, {"a", "no such image"});
  EXPECT_THAT(table.names, ElementsAre("b", "c"));
  EXPECT_THAT(truth_of<ClassLabels>(table).labels, ElementsAre(1, 0));
  EXPECT_EQ(table.content, content);
}

TEST_F(BenchmarkTableOf, EmptyTableIsRefused) {
  EXPECT_THAT(complaint("filename,label\n"), HasSubstr("no rows"));
}

TEST_F(BenchmarkTableOf, RowsThatRepeatAnImageAreItsCaptions) {
  options_.kind = &retrieval_kind();
  const BenchmarkTable table = read("filename,caption\na,first of a\nb,of b\na,second of a\n");
  EXPECT_THAT(table.names, ElementsAre("a", "b"));
  const auto& truth = truth_of<Captions>(table);
  EXPECT_THAT(truth.captions, ElementsAre("first of a", "second of a", "of b"));
  EXPECT_THAT(truth.image_of, ElementsAre(0, 0, 1));
}

TEST_F(BenchmarkTableOf, RowsOfOneImageMustAgree) {
  options_.kind = &retrieval_kind();
  options_.group_column = "patient";
  EXPECT_THAT(complaint("filename,caption,patient\na,x,p1\na,y,p2\n"),
              AllOf(HasSubstr("table.csv:3"), HasSubstr("'patient' is 'p2', but 'p1'")));
  EXPECT_THAT(complaint("filename,caption,patient\n,x,p1\n"),
              AllOf(HasSubstr("table.csv:2"), HasSubstr("names no image")));
}

class ConceptTable : public BenchmarkTableOf {
 protected:
  ConceptTable() {
    options_.kind = &concepts_kind();
    options_.classes = {{"scale", {"scale"}}, {"ulcer", {"ulcer"}}, {"papule", {"papule"}}};
  }
};

TEST_F(ConceptTable, ColumnsAreFoundByNameAndMissingColumnsAreNamed) {
  const BenchmarkTable table =
      read("papule,other,filename,scale\n1,x,a,0\n0.0,x,b,1.0\nTrue,x,c,false\n");
  const auto& truth = truth_of<ConceptCells>(table);
  EXPECT_THAT(truth.present[0], ElementsAre(0, 1, 0));
  EXPECT_THAT(truth.present[2], ElementsAre(1, 0, 1));
  EXPECT_THAT(truth.present[1], testing::Each(ConceptCells::kUnknown));
  EXPECT_THAT(truth.missing, ElementsAre("ulcer"));
}

TEST_F(ConceptTable, NoColumnAtAllIsAnError) {
  EXPECT_THAT(complaint("filename,scaly\na,1\n"), AllOf(HasSubstr("scale"), HasSubstr("scaly")));
}

TEST_F(ConceptTable, CellsThatAreNeitherTrueNorFalseAreNamed) {
  EXPECT_THAT(complaint("filename,scale\na,1\nb,2\n"),
              AllOf(HasSubstr("table.csv:3"), HasSubstr("'scale'"), HasSubstr("'2'")));
  EXPECT_THAT(complaint("filename,scale\na,\n"), HasSubstr("unlisted_labels"));
}

TEST_F(ConceptTable, EmptyCellsCanBeLeftOutAndAreCounted) {
  options_.unlisted_labels = UnlistedLabels::kIgnore;
  const BenchmarkTable table = read("filename,scale,papule\na,,1\nb,1,0\n");
  const auto& truth = truth_of<ConceptCells>(table);
  EXPECT_THAT(truth.present[0], ElementsAre(ConceptCells::kUnknown, 1));
  EXPECT_THAT(truth.present[2], ElementsAre(1, 0));
  EXPECT_EQ(table.unlisted.at("scale"), 1);
}

}  // namespace
}  // namespace dermatome
