#include "src/data/sheet_record.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "src/data/augmentation.h"

namespace dermatome {
namespace {

Image interleave(const std::vector<uint8_t>& planes, int size) {
  Image image = black_image(size, size);
  const size_t count = planes.size() / 3;
  for (size_t i = 0; i < count; ++i) {
    for (size_t c = 0; c < 3; ++c) image.pixels[3 * i + c] = planes[c * count + i];
  }
  return image;
}

std::string describe(const AugmentationParameters& parameters, const Image& image) {
  const Box& crop = parameters.crop;
  const double share = static_cast<double>(crop.width) * crop.height / image.width / image.height;
  std::string note = std::to_string(std::lround(100 * share)) + " % of the area";
  if (!parameters.colors.empty()) note += " · jitter";
  if (parameters.gray) note += " · grey";
  return note;
}

SheetView draw_view(const Image& image, const ViewOptions& options, int64_t draw) {
  const auto parameters = draw_augmentation(options.augmentation, image.height, image.width,
                                            options.seed, /*epoch=*/0, draw);
  const auto count = static_cast<size_t>(options.image_size) * options.image_size;
  std::vector<uint8_t> planes(3 * count);
  augment(image, parameters, options.image_size, planes_at(planes.data(), count));
  return {interleave(planes, options.image_size), describe(parameters, image)};
}

std::vector<std::string> facts_of(const ShardReader& shard, int64_t row) {
  std::vector<std::string> facts = {shard.path().filename().string() + " row " +
                                    std::to_string(row)};
  const int64_t label = shard.label(row);
  facts.push_back(label < 0 ? "no label"
                            : "label " + shard.header().label_names[static_cast<size_t>(label)]);
  if (shard.ontology(row) >= 0) {
    facts.push_back("ontology node " + std::to_string(shard.ontology(row)));
  }
  return facts;
}

std::vector<SheetCaption> captions_of(const ShardReader& shard, int64_t row) {
  std::vector<SheetCaption> captions;
  const auto ids = shard.caption_ids(row);
  for (size_t k = 0; k < ids.size(); ++k) {
    const bool exists = ids[k] >= 0;
    captions.push_back({shard.header().aspects[k], exists ? shard.caption_text(ids[k]) : "", exists,
                        shard.mask(row)[k] != 0});
  }
  return captions;
}

}  // namespace

SheetRecord make_sheet_record(const ShardReader& shard, int64_t row, const ViewOptions& options,
                              int64_t first_draw, int64_t num_views) {
  SheetRecord record;
  record.source = shard.source(row);
  record.facts = facts_of(shard, row);
  record.stored = shard.decode(row);
  for (int64_t k = 0; k < num_views; ++k) {
    record.views.push_back(draw_view(record.stored, options, first_draw + k));
  }
  record.captions = captions_of(shard, row);
  return record;
}

}  // namespace dermatome
