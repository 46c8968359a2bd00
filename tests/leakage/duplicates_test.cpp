#include "src/leakage/duplicates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/file.h"
#include "src/core/text.h"
#include "src/image/codec.h"
#include "src/image/resize.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void write_image(const TemporaryDirectory& directory, const std::string& name, int seed,
                 int quality) {
  const Image image = resize_shorter_side(noise(6, 8, seed), 120);
  const auto bytes = encode_jpeg(image, quality);
  make_directories((directory / name).parent_path());
  directory.write(name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

TEST(Duplicates, AreFoundWithinAFolderAndInAnotherFolder) {
  const TemporaryDirectory directory;
  write_image(directory, "mine/a/1.jpg", 1, 90);
  write_image(directory, "mine/a/again.jpg", 1, 60);
  write_image(directory, "mine/b/2.jpg", 2, 90);
  write_image(directory, "theirs/a/copy.jpg", 2, 60);
  write_image(directory, "theirs/a/3.jpg", 3, 90);
  const std::string mine = (directory / "mine").string(), theirs = (directory / "theirs").string();
  const std::string output = (directory / "pairs.csv").string();
  std::vector<std::string> lines;

  const std::vector<FoundGroup> groups =
      find_duplicates({.data = mine, .against = {theirs}, .output = output},
                      [&](const std::string& line) { lines.push_back(line); });

  EXPECT_THAT(lines, ElementsAre(text(mine,
                                      ": 3 images, 1 of them near-duplicates of an earlier one, in "
                                      "1 group(s); the largest has 2 images, the first is a/1.jpg"),
                                 text(theirs, ": 1 of 2 images have a near-duplicate in ", mine,
                                      " (1 of its images)")));
  const std::string list = read_file(output);
  EXPECT_THAT(list, HasSubstr(text("\"a/again.jpg\",\"", mine, "\",\"a/1.jpg\",")));
  EXPECT_THAT(list, HasSubstr(text(",\"", theirs, "\",,40\n")));
  EXPECT_THAT(list, HasSubstr(text("\"b/2.jpg\",\"", theirs, "\",\"a/copy.jpg\",")));
  ASSERT_EQ(groups.size(), 2);
  EXPECT_EQ(groups[0].title, "2 times: a/1.jpg");
  EXPECT_EQ(groups[0].images[1].name, "a/again.jpg");
  EXPECT_EQ(groups[1].images[0].name, "a/copy.jpg");
  EXPECT_EQ(groups[1].images[1].name, "b/2.jpg");
  for (const FoundGroup& group : groups) {
    for (const ShownImage& shown : group.images) EXPECT_EQ(shown.read().height, 120) << shown.name;
  }
}

TEST(Duplicates, DoNotListRowsOfOneFileAsCopies) {
  const TemporaryDirectory directory;
  write_image(directory, "1.jpg", 1, 90);
  write_image(directory, "again.jpg", 1, 60);
  directory.write("table.csv", "filename,label\n1.jpg,x\n1.jpg,x\nagain.jpg,x\n");
  const auto benchmark = directory.write(
      "set.yaml",
      "name: set\nkind: classification\nrole: test\n"
      "data: {csv: table.csv, images: ., image_column: filename, label_column: label}\n"
      "classes: [{label: x, names: [x]}, {label: y, names: [y]}]\n"
      "templates: [\"{}\"]\nmetrics: [top1]\n");
  const std::string output = (directory / "pairs.csv").string();
  find_duplicates({.data = benchmark.string(), .against = {}, .output = output},
                  [](const std::string&) {});
  const std::string list = read_file(output);
  EXPECT_THAT(list, HasSubstr("\"again.jpg\",\""));
  EXPECT_THAT(list, testing::Not(HasSubstr("\n\"1.jpg\",")));
}

TEST(Duplicates, RefuseASetOfWhichNoImageCanBeRead) {
  const TemporaryDirectory directory;
  write_image(directory, "mine/1.jpg", 1, 90);
  make_directories(directory / "theirs");
  directory.write("theirs/1.jpg", "no image");
  const std::string theirs = (directory / "theirs").string();
  const auto refused = [&] {
    return error_of([&] {
      find_duplicates({.data = (directory / "mine").string(), .against = {theirs}, .output = ""},
                      [](const std::string&) {});
    });
  };
  EXPECT_THAT(refused(), HasSubstr(theirs + ": none of its images can be read;"));
  write_image(directory, "theirs/2.jpg", 2, 90);
  EXPECT_EQ(refused(), "");
}

TEST(Duplicates, ReportAWrongSetBeforeAnyImageIsHashed) {
  const TemporaryDirectory directory;
  write_image(directory, "mine/a/1.jpg", 1, 90);
  const std::string mine = (directory / "mine").string();
  const std::string wrong = (directory / "wrong.yaml").string();
  int lines = 0;
  EXPECT_THAT(error_of([&] {
                find_duplicates({.data = mine, .against = {wrong}, .output = ""},
                                [&](const std::string&) { ++lines; });
              }),
              HasSubstr(wrong));
  EXPECT_EQ(lines, 0);
}

}  // namespace
}  // namespace dermatome
