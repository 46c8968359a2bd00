#include "src/eval/feature_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "src/core/error.h"
#include "src/core/file.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string scratch(const std::string& name, const std::string& content) {
  const auto path = std::filesystem::path(testing::TempDir()) / ("dermatome_features_" + name);
  write_file_atomically(path, content);
  return path.string();
}

std::string refusal(const FeatureFileOptions& options) {
  try {
    read_feature_inputs(options);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

TEST(FeatureInputs, ComeFromATableAndFromTheLinesOfATextFile) {
  const FeatureInputs inputs =
      read_feature_inputs({.csv = scratch("table.csv", "label,image\n1,a.jpg\n2,b/c.jpg\n"),
                           .images_root = "root",
                           .image_column = "image",
                           .texts = scratch("texts.txt", "a mole\n\na wart"),
                           .output = "out.safetensors"});
  EXPECT_THAT(inputs.images, ElementsAre("root/a.jpg", "root/b/c.jpg"));
  EXPECT_THAT(inputs.texts, ElementsAre("a mole", "", "a wart"));
}

TEST(FeatureInputs, ThatContradictTheOutputAreRefused) {
  EXPECT_EQ(refusal({.images = {"a.jpg"}, .output = "out.npy", .raw = true}), "");
  EXPECT_THAT(refusal({.images = {"a.jpg"}, .output = "out.pt"}), HasSubstr("--output out.pt"));
  EXPECT_THAT(refusal({.images = {"a.jpg"}, .texts = "t", .output = "out.npy"}),
              HasSubstr("one array"));
  EXPECT_THAT(refusal({.texts = "t", .output = "out.npy", .raw = true}), HasSubstr("--raw"));
}

TEST(FeatureInputs, ThatAreMissingAreRefused) {
  EXPECT_THROW(read_feature_inputs({.texts = "no/such/file", .output = "out.npy"}), DataError);
  EXPECT_THROW(
      read_feature_inputs({.csv = scratch("empty.csv", "filename\n"), .output = "out.npy"}),
      DataError);
}

}  // namespace
}  // namespace dermatome
