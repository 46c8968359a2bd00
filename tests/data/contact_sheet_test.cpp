#include "src/data/contact_sheet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "src/data/augmentation.h"
#include "src/image/paint.h"
#include "tests/data/test_shards.h"

namespace dermatome {
namespace {

const ViewOptions kViews = {
    .augmentation = {.scale = {0.4, 1.0}, .color_jitter_probability = 0.5, .gray_probability = 0.5},
    .image_size = 32,
    .seed = 3};

Image plain_picture(int height, int width, Color color) {
  Image image = black_image(height, width);
  fill({0, 0, width, height}, color, image);
  return image;
}

Image gray_picture(int height, int width) { return plain_picture(height, width, {128, 128, 128}); }

// None of them is a colour of the page or its text.
Color color_of(size_t view) { return {static_cast<uint8_t>(255 - view), 0, 200}; }

// The smallest box around the pixels of this colour, all of which must have it.
Box area_of(Color color, const Image& sheet) {
  int top = sheet.height, left = sheet.width, bottom = 0, right = 0, count = 0;
  for (int y = 0; y < sheet.height; ++y) {
    for (int x = 0; x < sheet.width; ++x) {
      const uint8_t* pixel = &sheet.pixels[(static_cast<size_t>(y) * sheet.width + x) * 3];
      if (pixel[0] != color.red || pixel[1] != color.green || pixel[2] != color.blue) continue;
      ++count;
      top = std::min(top, y);
      left = std::min(left, x);
      bottom = std::max(bottom, y + 1);
      right = std::max(right, x + 1);
    }
  }
  if (count == 0) return {};
  EXPECT_EQ(count, (right - left) * (bottom - top));
  return {left, top, right - left, bottom - top};
}

// Squares of one size, `columns` in a row, rows beneath each other.
void expect_grid(const std::vector<Box>& areas, size_t columns) {
  for (size_t k = 0; k < areas.size(); ++k) {
    EXPECT_GE(areas[k].width, 200) << k;
    EXPECT_EQ(areas[k].width, areas[0].width) << k;
    EXPECT_EQ(areas[k].height, areas[0].width) << k;
    if (k % columns > 0) {
      EXPECT_EQ(areas[k].top, areas[k - 1].top) << k;
      EXPECT_GT(areas[k].left, areas[k - 1].left + areas[k].width) << k;
    } else if (k > 0) {
      EXPECT_EQ(areas[k].left, areas[0].left) << k;
      EXPECT_GT(areas[k].top, areas[k - 1].top + areas[k].height) << k;
    }
  }
}

SheetRecord record_with(std::vector<SheetCaption> captions) {
  return {.source = "7.png",
          .facts = {"row 7"},
          .stored = gray_picture(40, 60),
          .views = {{gray_picture(32, 32), "all of it"}, {gray_picture(32, 32), "all of it"}},
          .captions = std::move(captions)};
}

SheetCaption caption(const std::string& text, bool valid = true) {
  return {.aspect = "raw", .text = text, .exists = true, .valid = valid};
}

int64_t sum_of_ink(const Image& sheet) {
  int64_t sum = 0;
  for (const uint8_t value : sheet.pixels) sum += 255 - value;
  return sum;
}

int sheet_height(const std::string& text) {
  return draw_record_sheet(record_with({caption(text)})).height;
}

std::string repeated(int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += "erythematous plaque ";
  return text;
}

TEST(ContactSheet, HasItsWidthAndWhiteMargins) {
  for (const Image& sheet :
       {draw_record_sheet(record_with({caption("plaque")})),
        draw_overview_sheet("data", "7 of 9", std::vector(7, record_with({})))}) {
    EXPECT_EQ(sheet.width, kSheetWidth);
    ASSERT_EQ(std::ssize(sheet.pixels), int64_t{sheet.height} * sheet.width * 3);
    for (int y = 0; y < sheet.height; ++y) {
      for (int x = 0; x < sheet.width; ++x) {
        if (y >= 20 && y < sheet.height - 20 && x >= 20 && x < sheet.width - 20) continue;
        ASSERT_EQ(sheet.pixels[(static_cast<size_t>(y) * sheet.width + x) * 3], 255)
            << y << " " << x;
      }
    }
  }
}

TEST(ContactSheet, ShowsTheStoredPictureAndEveryViewInItsPlace) {
  constexpr Color kStored = {0, 160, 0};
  SheetRecord record = record_with({caption("plaque")});
  record.stored = plain_picture(40, 60, kStored);
  record.views.clear();
  for (size_t k = 0; k < 6; ++k) record.views.push_back({plain_picture(32, 32, color_of(k)), ""});
  const Image sheet = draw_record_sheet(record);
  std::vector<Box> areas;
  for (size_t k = 0; k < 6; ++k) areas.push_back(area_of(color_of(k), sheet));
  expect_grid(areas, /*columns=*/4);
  const Box stored = area_of(kStored, sheet);
  EXPECT_EQ(stored.top, areas[0].top);
  EXPECT_LT(stored.left + stored.width, areas[0].left);
  EXPECT_GT(stored.width, areas[0].width);
  EXPECT_NEAR(3 * stored.height, 2 * stored.width, 3);
}

TEST(ContactSheet, OverviewShowsTheFirstViewOfEveryRecord) {
  std::vector<SheetRecord> records;
  for (size_t k = 0; k < 8; ++k) {
    records.push_back(record_with({}));
    records[k].views = {{plain_picture(32, 32, color_of(k)), ""},
                        {plain_picture(32, 32, {0, 160, 0}), ""}};
  }
  const Image sheet = draw_overview_sheet("data", "8 of 8", records);
  std::vector<Box> areas;
  for (size_t k = 0; k < 8; ++k) areas.push_back(area_of(color_of(k), sheet));
  expect_grid(areas, /*columns=*/6);
  EXPECT_EQ(area_of({0, 160, 0}, sheet).width, 0);
}

TEST(ContactSheet, EqualRecordsGiveEqualPixels) {
  const SheetRecord record = record_with({caption("plaque")});
  EXPECT_EQ(draw_record_sheet(record).pixels, draw_record_sheet(record).pixels);
}

TEST(ContactSheet, CaptionsTakeInkAndRoom) {
  const Image without = draw_record_sheet(record_with({}));
  const Image one = draw_record_sheet(record_with({caption("plaque")}));
  const Image longer = draw_record_sheet(record_with({caption("plaque and scale")}));
  EXPECT_GT(one.height, without.height);
  EXPECT_GT(sum_of_ink(one), sum_of_ink(without));
  EXPECT_GT(sum_of_ink(longer), sum_of_ink(one));
  const std::vector<SheetCaption> many(60, caption("plaque"));
  EXPECT_EQ(draw_record_sheet(record_with(many)).height - one.height,
            59 * (draw_record_sheet(record_with({many[0], many[0]})).height - one.height));
}

TEST(ContactSheet, MaskedAndMissingCaptionsLookDifferent) {
  const Image valid = draw_record_sheet(record_with({caption("plaque")}));
  const Image masked = draw_record_sheet(record_with({caption("plaque", /*valid=*/false)}));
  const Image none = draw_record_sheet(record_with({{.aspect = "raw", .text = "plaque"}}));
  EXPECT_EQ(valid.height, masked.height);
  EXPECT_NE(valid.pixels, masked.pixels);
  EXPECT_NE(valid.pixels, none.pixels);
  EXPECT_NE(masked.pixels, none.pixels);
}

TEST(ContactSheet, LongCaptionsWrapAndEnd) {
  EXPECT_EQ(sheet_height("plaque"), sheet_height(repeated(3)));
  EXPECT_GT(sheet_height(repeated(20)), sheet_height(repeated(3)));
  EXPECT_EQ(sheet_height(repeated(100)), sheet_height(repeated(1000)));
}

TEST(ContactSheet, OverviewGrowsByRowsOfTheGrid) {
  const auto height = [](size_t count) {
    const std::vector<SheetRecord> records(count, record_with({caption(repeated(50))}));
    return draw_overview_sheet("data", "some", records).height;
  };
  EXPECT_EQ(height(1), height(6));
  EXPECT_GT(height(7), height(6));
  EXPECT_EQ(height(13) - height(7), height(7) - height(6));
}

TEST(SheetRecord, SaysWhatTheShardHolds) {
  const TestShards shards(9, 4);
  for (int64_t sample = 0; sample < 9; ++sample) {
    const auto [shard, row] = shards.dataset().locate(sample);
    const SheetRecord record = make_sheet_record(*shard, row, kViews, /*first_draw=*/0, 2);
    EXPECT_EQ(record.source, test_source(sample));
    EXPECT_EQ(record.stored.pixels, shard->decode(row).pixels);
    ASSERT_EQ(std::ssize(record.captions), kTestCaptions);
    for (int64_t k = 0; k < kTestCaptions; ++k) {
      const SheetCaption& found = record.captions[static_cast<size_t>(k)];
      const TestCaption expected = test_caption(sample, k);
      EXPECT_EQ(found.text, expected.text);
      EXPECT_EQ(found.exists, !expected.text.empty());
      EXPECT_EQ(found.valid, expected.valid);
      EXPECT_EQ(found.aspect, shard->header().aspects[static_cast<size_t>(k)]);
    }
  }
}

TEST(SheetRecord, ViewsAreTrainingsDraws) {
  const TestShards shards(4, 4);
  const auto [shard, row] = shards.dataset().locate(2);
  const Image stored = shard->decode(row);
  const SheetRecord record = make_sheet_record(*shard, row, kViews, /*first_draw=*/5, 3);
  ASSERT_EQ(record.views.size(), 3);
  for (int64_t k = 0; k < 3; ++k) {
    std::vector<uint8_t> planes(3 * 32 * 32);
    augment(stored,
            draw_augmentation(kViews.augmentation, stored.height, stored.width, kViews.seed,
                              /*epoch=*/0, 5 + k),
            32, planes_at(planes.data(), 32 * 32));
    std::vector<uint8_t> shown(planes.size());
    to_planes(record.views[static_cast<size_t>(k)].picture, planes_at(shown.data(), 32 * 32));
    EXPECT_EQ(shown, planes);
  }
}

}  // namespace
}  // namespace dermatome
