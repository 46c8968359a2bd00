#include "sharding/build_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "src/core/log.h"
#include "tests/sharding/test_data.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class BuildSource : public testing::Test {
 protected:
  BuildSource() { make_table(images_, /*num_samples=*/3); }

  std::string build(const SampleSource& source, const std::filesystem::path& images) const {
    BuildOptions options;
    options.image_root = images;
    options.output = work_ / "out";
    options.samples_per_shard = 10;
    options.num_threads = 1;
    LoneBuilder alone;
    return build_from(source, options, alone);
  }
  std::string refused(const SampleSource& source, const std::filesystem::path& images) const {
    return error_of([&] { build(source, images); });
  }
  SampleSource table(const std::string& rows) const {
    SampleSource source;
    source.csv = work_.write("table.csv", "filename,caption\n" + rows).string();
    return source;
  }

  TemporaryDirectory images_;
  TemporaryDirectory work_;
};

TEST_F(BuildSource, AFolderWithoutAnyOfTheImagesIsNamedOnce) {
  const SampleSource source = table("0.jpg,A\n1.jpg,B\n");
  const std::string wrong = (work_ / "wrong").string();
  EXPECT_THAT(refused(source, wrong),
              AllOf(HasSubstr("table.csv: none of its images is there; for example, there is no " +
                              wrong + "/0.jpg. --images " + wrong),
                    HasSubstr("correct it")));
  EXPECT_THAT(refused(source, ""), HasSubstr("there is no 0.jpg. Name the folder of the images by "
                                             "--images"));
  EXPECT_FALSE(std::filesystem::exists(work_ / "out"));
  const SampleSource whole = table((images_ / "0.jpg").string() + ",A\n");
  EXPECT_THAT(refused(whole, images_.path()), HasSubstr("leave it out"));
  std::string many;
  for (int i = 0; i < 250; ++i) many += "none.jpg,A\n";
  EXPECT_THAT(refused(table(many), images_.path()), HasSubstr("(100 were looked for)"));
  // One that is there says that the folder is right, wherever its row stands.
  EXPECT_THAT(refused(table("none.jpg,A\n0.jpg,B\n"), images_.path()),
              AllOf(HasSubstr("1 of 2 images cannot be read"), Not(HasSubstr("none of"))));
}

TEST_F(BuildSource, MetadataThatNameNoImageAreNamedOnce) {
  images_.write("metadata.csv", "file_name,text\nimages/0.jpg,A\n");
  SampleSource source;
  source.folder = images_.path().string();
  EXPECT_THAT(refused(source, ""),
              AllOf(HasSubstr("there is no " + (images_ / "images/0.jpg").string()),
                    HasSubstr("correct the table")));
}

TEST_F(BuildSource, ImagesInSeveralRowsAreCounted) {
  initialize_logging(/*rank=*/0, /*world_size=*/1);
  const auto logged = [this](const std::string& rows) {
    std::filesystem::remove_all(work_ / "out");
    testing::internal::CaptureStderr();
    build(table(rows), images_.path());
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(logged("0.jpg,A\n1.jpg,B\n0.jpg,C\n2.jpg,D\n0.jpg,E\n"),
              HasSubstr((work_ / "table.csv").string() +
                        ": 1 image(s) stand in more than one row, 2 row(s) repeat an image"));
  EXPECT_THAT(logged("0.jpg,A\n1.jpg,B\n"), Not(HasSubstr("more than one row")));
}

}  // namespace
}  // namespace dermatome
