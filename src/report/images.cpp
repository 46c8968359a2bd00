#include "src/report/images.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "src/model/preprocess.h"
#include "src/report/page.h"

namespace dermatome {
namespace {

using nlohmann::json;

constexpr int kLargestShown = 224;

json to_json(const at::Tensor& map) {
  json values = json::array();
  const at::Tensor numbers = map.to(at::kDouble).contiguous();
  for (int64_t i = 0; i < numbers.numel(); ++i) {
    const double value = numbers.const_data_ptr<double>()[i];
    values.push_back(std::isfinite(value) ? json(std::round(value * 1e4) / 1e4) : json(nullptr));
  }
  return values;
}

json one_map(const std::vector<Example>& examples, size_t image, const MapCaption& request,
             const EncodedExamples& trained, const EncodedExamples& untrained,
             const Objective& objective) {
  const auto values = [&](const EncodedExamples& encoded, size_t record, size_t caption) {
    const int64_t text = encoded.first_text[record] + static_cast<int64_t>(caption);
    return to_json(patch_map(encoded, request.kind, image, text, objective));
  };
  const ExampleCaption& caption = examples[image].captions[request.caption];
  json map = {{"kind", request.kind == MapKind::kWeights ? "weights" : "cosines"},
              {"aspect", caption.aspect},
              {"text", caption.text},
              {"trained", values(trained, image, request.caption)},
              {"untrained", values(untrained, image, request.caption)},
              {"other", nullptr}};
  if (request.other) {
    const Example& other = examples[*request.other];
    map["other"] = {{"row", other.row},
                    {"aspect", other.captions[request.other_caption].aspect},
                    {"text", other.captions[request.other_caption].text},
                    {"values", values(trained, *request.other, request.other_caption)}};
  }
  return map;
}

}  // namespace

std::string image_uri(const Example& example, const ClipConfig& config) {
  ClipConfig shown = config;
  const int short_side = std::min(example.image.height, example.image.width);
  shown.vision.image_size =
      std::max<int64_t>(config.vision.image_size, std::min(short_side, kLargestShown));
  const at::Tensor pixels = preprocess_image(example.image, shown).permute({1, 2, 0}).contiguous();
  Image image = black_image(static_cast<int>(pixels.size(0)), static_cast<int>(pixels.size(1)));
  std::copy_n(pixels.const_data_ptr<uint8_t>(), image.pixels.size(), image.pixels.begin());
  return image_uri(image, example.source);
}

json map_examples(const std::vector<Example>& examples, const EncodedExamples& trained,
                  const EncodedExamples& untrained, const Objective& objective) {
  const bool has_weights = objective.patch_weights_text().has_value();
  json result = json::array();
  for (size_t i = 0; i < examples.size(); ++i) {
    json captions = json::array();
    for (const ExampleCaption& caption : examples[i].captions) {
      captions.push_back({{"aspect", caption.aspect}, {"text", caption.text}});
    }
    json maps = json::array();
    for (const MapCaption& request : captions_to_map(examples, i, has_weights)) {
      maps.push_back(one_map(examples, i, request, trained, untrained, objective));
    }
    result.push_back({{"row", examples[i].row},
                      {"source", examples[i].source},
                      {"captions", captions},
                      {"maps", maps}});
  }
  return result;
}

}  // namespace dermatome
