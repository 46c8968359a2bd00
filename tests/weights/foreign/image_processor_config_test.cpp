#include "src/weights/foreign/image_processor_config.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>

#include "src/core/file.h"
#include "tests/support/error_of.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

PreprocessConfig read(const json& document, int64_t image_size = 224) {
  const auto folder = scratch_folder();
  write_file_atomically(folder / "preprocessor_config.json", document.dump());
  return read_image_processor(folder, image_size).value();
}

// What tells two kinds of preprocessing apart.
std::string shown(const PreprocessConfig& preprocess) {
  ClipConfig config;
  config.preprocess = preprocess;
  return hub_config_json(config);
}

TEST(ImageProcessor, MissingKeysHaveTransformersDefaults) {
  EXPECT_EQ(shown(read(json::object())), shown({}));
}

TEST(ImageProcessor, AnOlderFileIsRead) {
  const PreprocessConfig config = read({{"feature_extractor_type", "CLIPFeatureExtractor"},
                                        {"size", 336},
                                        {"crop_size", 336},
                                        {"resample", 2},
                                        {"image_mean", {0.5, 0.25, 0}},
                                        {"image_std", {1, 2, 3}}},
                                       336);
  EXPECT_EQ(shown(config),
            shown({.mean = {0.5, 0.25, 0}, .std = {1, 2, 3}, .interpolation = "bilinear"}));
}

TEST(ImageProcessor, ANewerFileIsRead) {
  const json side = {{"height", 48}, {"width", 48}};
  EXPECT_EQ(shown(read({{"image_processor_type", "CLIPImageProcessorFast"},
                        {"size", {{"shortest_edge", 48}}},
                        {"crop_size", side},
                        {"rescale_factor", 0.00392156862745098},
                        {"do_convert_rgb", true}},
                       48)),
            shown({}));
  for (const bool crops : {true, false}) {
    EXPECT_EQ(shown(read({{"size", side}, {"crop_size", side}, {"do_center_crop", crops}}, 48)),
              shown({.resize_mode = "squash"}));
  }
}

TEST(ImageProcessor, WithoutNormalizationPixelsAreFractions) {
  EXPECT_EQ(shown(read({{"do_normalize", false}})), shown({.mean = {0, 0, 0}, .std = {1, 1, 1}}));
}

TEST(ImageProcessor, TheProcessorsFileComesFirstIfItDescribesImages) {
  const auto folder = scratch_folder();
  EXPECT_FALSE(read_image_processor(folder, 224).has_value());
  write_file_atomically(folder / "processor_config.json",
                        R"({"processor_class": "CLIPProcessor"})");
  EXPECT_FALSE(read_image_processor(folder, 224).has_value());
  write_file_atomically(folder / "preprocessor_config.json", R"({"resample": 2})");
  EXPECT_EQ(read_image_processor(folder, 224)->interpolation, "bilinear");
  write_file_atomically(folder / "processor_config.json",
                        R"({"image_processor": {"resample": 3}})");
  EXPECT_EQ(read_image_processor(folder, 224)->interpolation, "bicubic");
}

struct RefusedStep {
  std::string key;
  json value;
};

class RefusedImageProcessor : public ::testing::TestWithParam<RefusedStep> {};

TEST_P(RefusedImageProcessor, NamesFileKeyAndValue) {
  const auto& [key, value] = GetParam();
  EXPECT_THAT(error_of([&] {
                read({{key, value}});
              }),
              AllOf(HasSubstr("preprocessor_config.json: " + key), HasSubstr(value.dump())));
}

INSTANTIATE_TEST_SUITE_P(
    ImageProcessor, RefusedImageProcessor,
    ::testing::Values(RefusedStep{"image_processor_type", "SiglipImageProcessor"},
                      RefusedStep{"feature_extractor_type", "ViTFeatureExtractor"},
                      RefusedStep{"do_resize", false}, RefusedStep{"do_center_crop", false},
                      RefusedStep{"do_rescale", false}, RefusedStep{"rescale_factor", 1},
                      RefusedStep{"size", 248}, RefusedStep{"size", {{"shortest_edge", "224"}}},
                      RefusedStep{"size", {{"shortest_edge", 224}, {"longest_edge", 1000}}},
                      RefusedStep{"size", {{"height", 224}, {"width", 225}}},
                      RefusedStep{"crop_size", 200}, RefusedStep{"resample", 1},
                      RefusedStep{"image_mean", {0.5, 0.5}}, RefusedStep{"image_std", {1, 0, 1}}));

}  // namespace
}  // namespace dermatome
