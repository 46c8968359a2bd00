#include "src/weights/foreign/clip_model_config.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/strict_json.h"
#include "src/core/text.h"
#include "src/model/mlp_ratio.h"
#include "src/weights/foreign/image_processor_config.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Sizes above this cannot be meant and would overflow products of sizes.
constexpr int64_t kLargest = 1 << 24;
constexpr int64_t kEndOfText = 49407;
// Configurations of older versions say this, and their models are read out at the largest id, which
// is the end of text.
constexpr int64_t kOldEndOfText = 2;

// The number `key`, or either of two equal numbers.
int64_t size_of(JsonObject& section, const std::string& key, int64_t otherwise) {
  json size = section.find(key);
  if (size.is_null()) return otherwise;
  if (size.is_array() && size.size() == 2 && size[0] == size[1]) size = json(size[0]);
  if (!size.is_number_integer() || size < 1 || size > kLargest) {
    section.fail(key, text("must be a whole number from 1 to ", kLargest));
  }
  return size.get<int64_t>();
}

// What both towers have. The members hold transformers' defaults until read() is called.
struct Tower {
  int64_t width;
  int64_t hidden;
  int64_t heads;
  int64_t layers = 12;
  bool quick_gelu = true;

  void read(JsonObject& section) {
    width = size_of(section, "hidden_size", width);
    hidden = size_of(section, "intermediate_size", hidden);
    heads = size_of(section, "num_attention_heads", heads);
    layers = size_of(section, "num_hidden_layers", layers);
    if (width % heads != 0) {
      section.fail("num_attention_heads",
                   text("do not divide hidden_size, ", width, ", into equal heads"));
    }
    std::string activation = "quick_gelu";
    section.read("hidden_act", activation);
    quick_gelu = activation == "quick_gelu";
    if (!quick_gelu && activation != "gelu") {
      section.fail("hidden_act", "is not implemented: only quick_gelu and gelu are");
    }
    double eps = 1e-5;
    section.read("layer_norm_eps", eps);
    if (std::abs(eps - 1e-5) > 1e-12) {
      section.fail("layer_norm_eps", "is not implemented: only 1e-05 is");
    }
  }
};

// The section `name` of `file`. `none` is used where it is missing. Files of older versions repeat
// it under another name, and transformers reads this one where it is there.
JsonObject section_of(JsonObject& file, const fs::path& path, const std::string& name,
                      const json& none) {
  for (const std::string& key : {text(name, "_dict"), name}) {
    if (file.has(key)) return file.object(key);
  }
  return {path.string(), name, none};
}

Tower read_vision(JsonObject section, VisionConfig& config) {
  Tower tower{.width = 768, .hidden = 3072, .heads = 12};
  tower.read(section);
  config.image_size = size_of(section, "image_size", 224);
  config.patch_size = size_of(section, "patch_size", 32);
  config.width = tower.width;
  config.layers = tower.layers;
  config.head_width = tower.width / tower.heads;
  config.mlp_ratio = mlp_ratio_of(tower.hidden, tower.width);
  if (config.patch_size > config.image_size) {
    section.fail("patch_size", text("is larger than the image, ", config.image_size));
  }
  if (size_of(section, "num_channels", 3) != 3) {
    section.fail("num_channels", "is not implemented: only images of 3 channels are");
  }
  return tower;
}

Tower read_text(JsonObject section, TextConfig& config) {
  Tower tower{.width = 512, .hidden = 2048, .heads = 8};
  tower.read(section);
  config.context_length = size_of(section, "max_position_embeddings", 77);
  config.vocab_size = size_of(section, "vocab_size", 49408);
  config.width = tower.width;
  config.layers = tower.layers;
  config.heads = tower.heads;
  config.mlp_ratio = mlp_ratio_of(tower.hidden, tower.width);
  int64_t end = kEndOfText;
  section.read("eos_token_id", end);
  if (end != kEndOfText && end != kOldEndOfText) {
    section.fail("eos_token_id",
                 text("is not implemented: only ", kEndOfText, ", the end of CLIP's texts, and ",
                      kOldEndOfText, ", as older versions wrote it, are"));
  }
  return tower;
}

void check_kind(JsonObject& file) {
  if (!file.has("model_type") && file.has("architecture")) {
    file.fail("architecture",
              "is a model of timm, an image tower alone; only whole CLIP models "
              "can be read");
  }
  const auto kind = file.get<std::string>("model_type");
  if (kind != "clip") {
    file.fail("model_type",
              "is another kind of model; of transformers' models only CLIPModel, "
              "\"clip\", can be read");
  }
}

ClipConfig read_file_of(const fs::path& path, const json& document) {
  JsonObject file(path.string(), "", document);
  check_kind(file);
  const json none = json::object();
  ClipConfig config;
  config.embed_dim = size_of(file, "projection_dim", 512);
  const Tower vision = read_vision(section_of(file, path, "vision_config", none), config.vision);
  const Tower text_tower = read_text(section_of(file, path, "text_config", none), config.text);
  config.quick_gelu = vision.quick_gelu;
  if (vision.quick_gelu != text_tower.quick_gelu) {
    throw ConfigError(text(path,
                           ": hidden_act is not the same in vision_config and text_config: "
                           "only one activation for both towers is implemented"));
  }
  if (const auto found = read_image_processor(path.parent_path(), config.vision.image_size)) {
    config.preprocess = *found;
  } else {
    log_warning(text(path,
                     ": no preprocessor_config.json lies beside it: OpenAI's preprocessing "
                     "is assumed"));
  }
  return config;
}

// `read` of the document `path`, with errors as errors of a configuration.
template <typename Read>
auto read_document(const fs::path& path, const Read& read) {
  const std::string content = read_file(path);
  try {
    return read(parse_json(content, path.string()));
  } catch (const DataError& error) {
    throw ConfigError(error.what());
  }
}

}  // namespace

void require_clip_model(const fs::path& path) {
  read_document(path, [&](const json& document) {
    JsonObject file(path.string(), "", document);
    check_kind(file);
  });
}

ClipConfig read_clip_model_config(const fs::path& path) {
  return read_document(path, [&](const json& document) { return read_file_of(path, document); });
}

}  // namespace dermatome
