#include "sharding/excluded_images.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> names(const SampleTable& table) {
  std::vector<std::string> found;
  for (const CaptionedSample& sample : table.samples) found.push_back(sample.image_path);
  return found;
}

TEST(ExcludedImages, AreLeftOutAndChangeTheIdentityOfTheTable) {
  const TemporaryDirectory directory;
  const SampleTable whole = make_table(directory, 4);
  const auto list = directory.write(
      "list.csv", "filename,other_set\n,shards\n1.jpg,shards\n1.jpg,other\n3.jpg,\n");
  SampleTable table = whole;
  EXPECT_EQ(leave_out(table, list), 2);
  EXPECT_THAT(names(table), ElementsAre("0.jpg", "2.jpg"));
  EXPECT_NE(table.content_hash, whole.content_hash);
  EXPECT_EQ(table.warnings.size(), whole.warnings.size());
  // The order of the list does not matter.
  SampleTable again = whole;
  leave_out(again, directory.write("list.csv", "filename\n3.jpg\n1.jpg\n"));
  EXPECT_EQ(again.content_hash, table.content_hash);
}

TEST(ExcludedImages, MayBeNone) {
  const TemporaryDirectory directory;
  const SampleTable whole = make_table(directory, 2);
  SampleTable table = whole;
  EXPECT_EQ(leave_out(table, directory.write("list.csv", "filename,other_set\n,shards\n")), 0);
  EXPECT_EQ(table.content_hash, whole.content_hash);
}

TEST(ExcludedImages, ThatTheTableDoesNotHaveAreCountedOrRefused) {
  const TemporaryDirectory directory;
  SampleTable table = make_table(directory, 2);
  EXPECT_EQ(leave_out(table, directory.write("list.csv", "filename\n1.jpg\nelse.jpg\n")), 1);
  EXPECT_THAT(table.warnings.back(), AllOf(HasSubstr("1 image(s)"), HasSubstr("else.jpg")));
  const auto wrong = directory.write("list.csv", "filename\nelse.jpg\n");
  EXPECT_THAT(error_of([&] { leave_out(table, wrong); }),
              AllOf(HasSubstr(wrong.string()), HasSubstr("else.jpg")));
  const auto all = directory.write("list.csv", "filename\n0.jpg\n");  // 1.jpg is left out above
  EXPECT_THAT(error_of([&] { leave_out(table, all); }), HasSubstr("excludes all 1 images"));
}

}  // namespace
}  // namespace dermatome
