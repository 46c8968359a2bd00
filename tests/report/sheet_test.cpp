#include "src/report/sheet.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/data/augmentation.h"
#include "src/report/page.h"
#include "tests/data/test_shards.h"

namespace dermatome {
namespace {

using nlohmann::json;
using testing::StartsWith;

const ViewOptions kViews = {
    .augmentation = {.scale = {0.4, 1.0}, .color_jitter_probability = 0.5, .gray_probability = 0.5},
    .image_size = 32,
    .seed = 3};

// The view of `stored` that training would draw.
std::string expected_view(const Image& stored, int64_t draw) {
  std::vector<uint8_t> planes(3 * 32 * 32);
  augment(stored,
          draw_augmentation(kViews.augmentation, stored.height, stored.width, kViews.seed,
                            /*epoch=*/0, draw),
          32, planes_at(planes.data(), 32 * 32));
  Image view = black_image(32, 32);
  for (size_t i = 0; i < planes.size(); ++i) view.pixels[i] = planes[i % 3 * 32 * 32 + i / 3];
  return image_uri(view, "view");
}

TEST(Sheet, SaysWhatTheShardHolds) {
  const TestShards shards(9, 4);
  for (int64_t sample = 0; sample < 9; ++sample) {
    const SamplePlace place = shards.dataset().locate(sample);
    const json sheet = record_sheet(place, kViews, 2);
    EXPECT_EQ(sheet["title"], test_source(sample));
    ASSERT_EQ(sheet["records"].size(), 1);
    const json& record = sheet["records"][0];
    EXPECT_EQ(record["source"], test_source(sample));
    const Image stored = place.shard->decode(place.row);
    EXPECT_EQ(record["stored"]["uri"], image_uri(stored, "stored"));
    EXPECT_EQ(record["stored"]["width"], stored.width);
    EXPECT_EQ(record["stored"]["height"], stored.height);
    ASSERT_EQ(std::ssize(record["captions"]), kTestCaptions);
    for (int64_t k = 0; k < kTestCaptions; ++k) {
      const json& found = record["captions"][static_cast<size_t>(k)];
      const TestCaption expected = test_caption(sample, k);
      EXPECT_EQ(found["text"], expected.text.empty() ? json() : json(expected.text));
      EXPECT_EQ(found["valid"], expected.valid);
      EXPECT_EQ(found["aspect"], place.shard->header().aspects[static_cast<size_t>(k)]);
    }
  }
}

TEST(Sheet, ViewsAreThoseThatTrainingDraws) {
  const TestShards shards(4, 4);
  const SamplePlace place = shards.dataset().locate(2);
  const Image stored = place.shard->decode(place.row);
  const json views = record_sheet(place, kViews, 3)["records"][0]["views"];
  ASSERT_EQ(views.size(), 3);
  for (size_t k = 0; k < 3; ++k) {
    EXPECT_EQ(views[k]["uri"], expected_view(stored, static_cast<int64_t>(k))) << k;
    EXPECT_THAT(views[k]["note"].get<std::string>(), testing::HasSubstr(" % of the area"));
  }
  const json record = overview_record(place, kViews, /*draw=*/5);
  ASSERT_EQ(record["views"].size(), 1);
  EXPECT_EQ(record["views"][0]["uri"], expected_view(stored, 5));
  EXPECT_FALSE(record.contains("stored"));
}

TEST(Sheet, ImagesAreDataThatABrowserDecodes) {
  // /9j/4 encodes FF D8 FF E0, the beginning of a JPEG.
  EXPECT_THAT(image_uri(black_image(2, 3), "image"), StartsWith("data:image/jpeg;base64,/9j/4"));
}

}  // namespace
}  // namespace dermatome
