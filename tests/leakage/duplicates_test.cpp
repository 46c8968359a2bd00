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

  find_duplicates({.data = mine, .against = {theirs}, .output = output},
                  [&](const std::string& line) { lines.push_back(line); });

  EXPECT_THAT(lines, ElementsAre(text(mine, ": 3 images, 1 near-duplicate pair(s) within"),
                                 text(theirs, ": 1 of 2 images have a near-duplicate in ", mine,
                                      " (1 of its images)")));
  const std::string list = read_file(output);
  EXPECT_THAT(list, HasSubstr(text(",\"", theirs, "\",,40\n")));
  EXPECT_THAT(list, HasSubstr(text("\"b/2.jpg\",\"", theirs, "\",\"a/copy.jpg\",")));
}

}  // namespace
}  // namespace dermatome
