#include "sharding/image_folder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ImageFolderTest : public testing::Test {
 protected:
  void add(const std::string& name) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    folder_.write(name, "");
  }

  TemporaryDirectory folder_;
};

TEST_F(ImageFolderTest, FoldersAreClasses) {
  for (const char* name : {"naevus/b.JPG", "eczema/2020/a.png", "naevus/a.jpeg", "loose.webp"}) {
    add(name);
  }
  const SampleTable table = read_image_folder(folder_.path(), 1);
  EXPECT_EQ(table.kind, "folder");
  EXPECT_THAT(table.label_names, ElementsAre("eczema", "naevus"));
  std::vector<std::string> names;
  std::vector<int64_t> labels;
  for (const CaptionedSample& sample : table.samples) {
    names.push_back(sample.image_path);
    labels.push_back(sample.label);
    EXPECT_THAT(sample.captions, AllOf(testing::SizeIs(4), Each(IsEmpty())));
    EXPECT_THAT(sample.mask, AllOf(testing::SizeIs(4), Each(0)));
  }
  EXPECT_THAT(names,
              ElementsAre("eczema/2020/a.png", "loose.webp", "naevus/a.jpeg", "naevus/b.JPG"));
  EXPECT_THAT(labels, ElementsAre(0, -1, 1, 1));
  EXPECT_THAT(table.warnings, IsEmpty());
}

TEST_F(ImageFolderTest, OtherFilesAreCountedAndHiddenFilesIgnored) {
  for (const char* name : {"x/a.png", "x/b.csv", "notes.txt", ".cache/c.png", "x/.d.tif"}) {
    add(name);
  }
  const SampleTable table = read_image_folder(folder_.path(), 0);
  EXPECT_EQ(table.samples.size(), 1);
  EXPECT_THAT(table.warnings, ElementsAre(AllOf(HasSubstr("2 file(s)"), HasSubstr("notes.txt"))));
}

// A build reads these images or lists them as rejected; it does not ignore them.
TEST_F(ImageFolderTest, ImagesOfEveryFormatAreSamples) {
  const std::vector<std::string> endings = {"jfif", "tif",  "TIFF", "bmp", "gif",
                                            "heic", "heif", "avif", "jp2", "dcm"};
  for (const std::string& ending : endings) add("x/a." + ending);
  const SampleTable table = read_image_folder(folder_.path(), 0);
  EXPECT_EQ(table.samples.size(), endings.size());
  EXPECT_THAT(table.warnings, IsEmpty());
}

TEST_F(ImageFolderTest, ItsHashDependsOnItsNames) {
  add("x/a.png");
  const std::string one = read_image_folder(folder_.path(), 0).content_hash;
  EXPECT_EQ(read_image_folder(folder_.path(), 0).content_hash, one);
  add("x/b.png");
  EXPECT_NE(read_image_folder(folder_.path(), 0).content_hash, one);
}

TEST_F(ImageFolderTest, RefusesWhatIsNoFolderOfImages) {
  EXPECT_THAT(error_of([&] { read_image_folder(folder_ / "none", 0); }), HasSubstr("none"));
  EXPECT_THAT(error_of([&] { read_image_folder(folder_.path(), 0); }), HasSubstr("no images"));
  add("x/\xFF.png");
  EXPECT_THAT(error_of([&] { read_image_folder(folder_.path(), 0); }), HasSubstr("not UTF-8"));
}

}  // namespace
}  // namespace dermatome
