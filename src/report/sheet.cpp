#include "src/report/sheet.h"

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/data/augmentation.h"
#include "src/report/page.h"

namespace dermatome {
namespace {

using nlohmann::json;

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
  std::string note = text(std::lround(100 * share), " % of the area");
  if (!parameters.colors.empty()) note += " · jitter";
  if (parameters.gray) note += " · gray";
  return note;
}

json draw_view(const Image& image, const std::string& source, const ViewOptions& options,
               int64_t draw) {
  const auto parameters = draw_augmentation(options.augmentation, image.height, image.width,
                                            options.seed, /*epoch=*/0, draw);
  const auto count = static_cast<size_t>(options.image_size) * options.image_size;
  std::vector<uint8_t> planes(3 * count);
  augment(image, parameters, options.image_size, planes_at(planes.data(), count));
  return {{"uri", image_uri(interleave(planes, options.image_size), source)},
          {"note", describe(parameters, image)}};
}

std::vector<std::string> facts_of(const ShardReader& shard, int64_t row) {
  std::vector<std::string> facts = {text(shard.path().filename(), " row ", row)};
  const int64_t label = shard.label(row);
  facts.push_back(label < 0 ? "no label"
                            : "label " + shard.header().label_names[static_cast<size_t>(label)]);
  if (shard.ontology(row) >= 0) {
    facts.push_back(text("ontology node ", shard.ontology(row)));
  }
  return facts;
}

json captions_of(const ShardReader& shard, int64_t row) {
  json captions = json::array();
  const auto ids = shard.caption_ids(row);
  for (size_t k = 0; k < ids.size(); ++k) {
    captions.push_back({{"aspect", shard.header().aspects[k]},
                        {"text", ids[k] < 0 ? json() : json(shard.caption_text(ids[k]))},
                        {"valid", shard.mask(row)[k] != 0}});
  }
  return captions;
}

json describe_record(const SamplePlace& place, const Image& stored, const ViewOptions& options,
                     int64_t first_draw, int64_t num_views) {
  const auto& [shard, row] = place;
  const std::string source = shard->source(row);
  json views = json::array();
  for (int64_t k = 0; k < num_views; ++k) {
    views.push_back(draw_view(stored, source, options, first_draw + k));
  }
  return {{"source", source},
          {"facts", facts_of(*shard, row)},
          {"views", views},
          {"captions", captions_of(*shard, row)}};
}

}  // namespace

void check_sheet_name(const std::string& sheet) {
  if (sheet.empty() || sheet.ends_with(".html")) return;
  throw ConfigError(text("--sheet ", sheet,
                         ": a sheet is an HTML page; write --sheet FILE.html, as in --sheet ",
                         std::filesystem::path(sheet).replace_extension("html")));
}

json record_sheet(const SamplePlace& place, const ViewOptions& options, int64_t num_views) {
  const auto& [shard, row] = place;
  const std::string source = shard->source(row);
  const Image stored = shard->decode(row);
  json record = describe_record(place, stored, options, /*first_draw=*/0, num_views);
  record["stored"] = {
      {"uri", image_uri(stored, source)}, {"width", stored.width}, {"height", stored.height}};
  std::string subtitle;
  for (const std::string& fact : facts_of(*shard, row)) {
    subtitle += (subtitle.empty() ? "" : " · ") + fact;
  }
  return {{"title", source}, {"subtitle", subtitle}, {"records", json::array({record})}};
}

json overview_record(const SamplePlace& place, const ViewOptions& options, int64_t draw) {
  return describe_record(place, place.shard->decode(place.row), options, draw, /*num_views=*/1);
}

}  // namespace dermatome
