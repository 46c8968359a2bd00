#include "src/model/panderm_vision.h"

#include <nlohmann/json.hpp>

#include "src/core/text.h"
#include "src/model/config_json.h"

namespace dermatome {
namespace {

constexpr int64_t kBaseWidth = 768, kBaseLayers = 12;
constexpr int64_t kLargeWidth = 1024, kLargeLayers = 24, kLargeEmbedDim = 768;

// The builders take their numbers from the model's name, not from the file, and the published file
// of PanDerm-large states PanDerm-base's. The embedding's width tells the two apart.
void correct_published_sizes(int64_t embed_dim, VisionConfig& config) {
  const bool states_base = config.width == kBaseWidth && config.layers == kBaseLayers;
  if (!states_base || embed_dim != kLargeEmbedDim) return;
  config.width = kLargeWidth;
  config.layers = kLargeLayers;
}

}  // namespace

VisionConfig read_panderm_vision(JsonObject section, int64_t embed_dim) {
  VisionConfig config;
  config.family = VisionFamily::kPanDerm;
  config.patch_bias = true;
  config.positions = ImagePositions::kFixedRowsFirst;
  config.pre_norm = false;
  config.layer_scale = 0.1;
  config.norm_eps = 1e-6;
  config.pooling = ImagePooling::kMeanOfPatches;
  config.final_norm = FinalNorm::kBoth;
  config.head = ImageHead::kClassifier;
  read_vision_sizes(section, config);
  correct_published_sizes(embed_dim, config);
  if (config.width % 4 != 0) section.fail("width", "must be a multiple of 4 for PanDerm");
  section.ignore({kPanDermKey});
  section.finish(kUnknownKeyRemedy);
  return config;
}

nlohmann::ordered_json panderm_vision_json(const VisionConfig& config) {
  nlohmann::ordered_json json = vision_sizes_json(config);
  json[kPanDermKey] = nullptr;
  return json;
}

}  // namespace dermatome
