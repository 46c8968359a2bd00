#include "src/model/clip_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/strict_json.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

using nlohmann::json;

// Sizes above this cannot be meant and would overflow products of sizes.
constexpr int64_t kMaxSize = 1 << 24;
constexpr const char* kRemedy = "; remove it if the model does not depend on it";

int64_t to_size(const JsonObject& object, const std::string& key, const json& number) {
  if (!number.is_number_integer() || number < 1 || number > kMaxSize) {
    object.fail(key, text("must be a whole number from 1 to ", kMaxSize));
  }
  return number.get<int64_t>();
}

void read_size(JsonObject& object, const std::string& key, int64_t& out) {
  const json& size = object.find(key);
  if (!size.is_null()) out = to_size(object, key, size);
}

// open_clip writes a square's side as one number or as two equal numbers.
void read_side(JsonObject& object, const std::string& key, int64_t& out) {
  const json& side = object.find(key);
  if (!side.is_array()) return read_size(object, key, out);
  if (side.size() != 2 || side[0] != side[1]) {
    object.fail(key, "must be one number or the same number twice: only squares are implemented");
  }
  out = to_size(object, key, side[0]);
}

// The width of an MLP's hidden layer, as a multiple of the tower's `width`.
void read_mlp_ratio(JsonObject& object, int64_t width, double& out) {
  const std::string key = "mlp_ratio";
  if (object.find(key).is_null()) return;
  object.read(key, out);
  const double hidden = static_cast<double>(width) * out;
  if (!(hidden >= 1 && hidden <= kMaxSize)) {
    object.fail(key, text("times the width, ", width, ", must be from 1 to ", kMaxSize));
  }
}

void read_choice(JsonObject& object, const std::string& key,
                 const std::vector<std::string>& choices, std::string& out) {
  object.read(key, out);
  if (std::ranges::find(choices, out) == choices.end()) {
    object.fail(key,
                text("must be one of ", json(choices).dump(), ": nothing else is implemented"));
  }
}

void read_rgb(JsonObject& object, const std::string& key, bool positive,
              std::array<double, 3>& out) {
  std::vector<double> list(out.begin(), out.end());
  object.read(key, list);
  const bool good = list.size() == 3 && (!positive || std::ranges::min(list) > 0);
  if (!good) {
    object.fail(key, text("must be three ", positive ? "positive " : "", "numbers"));
  }
  std::ranges::copy(list, out.begin());
}

// Refuses keys that change the computation, unless they have these values (or null).
void require_default(JsonObject& object, const std::vector<std::pair<std::string, json>>& keys) {
  for (const auto& [key, neutral] : keys) {
    const json& value = object.find(key);
    if (!value.is_null() && value != neutral) {
      object.fail(key, neutral.is_null() ? std::string("is not implemented")
                                         : "is only implemented as " + neutral.dump());
    }
  }
}

const std::vector<std::pair<std::string, json>> kCustomAttention = {
    {"block_type", "default"},
    {"qk_norm", false},
    {"scaled_cosine_attn", false},
    {"scale_heads", false},
    {"scale_attn", false},
    {"scale_attn_inner", false},
    {"scale_fc", false},
    {"act_kwargs", json::object()},
    {"norm_kwargs", json::object()}};

VisionConfig read_vision(JsonObject section) {
  VisionConfig config;
  require_default(section, {{"timm_model_name", nullptr}});
  read_side(section, "image_size", config.image_size);
  read_side(section, "patch_size", config.patch_size);
  read_size(section, "width", config.width);
  read_size(section, "layers", config.layers);
  read_size(section, "head_width", config.head_width);
  read_mlp_ratio(section, config.width, config.mlp_ratio);
  require_default(section, kCustomAttention);
  require_default(section, {{"ls_init_value", nullptr},
                            {"patch_dropout", 0.0},
                            {"attentional_pool", false},
                            {"no_ln_pre", false},
                            {"pos_embed_type", "learnable"},
                            {"final_ln_after_pool", false},
                            {"pool_type", "tok"}});
  section.ignore({"attn_pooler_queries", "attn_pooler_heads", "output_tokens",
                  "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop",
                  "timm_drop_path"});
  section.finish(kRemedy);
  if (config.patch_size > config.image_size) {
    section.fail("patch_size", text("is larger than the image, ", config.image_size));
  }
  if (config.heads() < 1 || config.width % config.heads() != 0) {
    section.fail("head_width",
                 text("does not divide the width, ", config.width, ", into equal heads"));
  }
  return config;
}

TextConfig read_text(JsonObject section) {
  TextConfig config;
  require_default(section, {{"hf_model_name", nullptr}, {"hf_tokenizer_name", nullptr}});
  read_size(section, "context_length", config.context_length);
  read_size(section, "vocab_size", config.vocab_size);
  read_size(section, "width", config.width);
  read_size(section, "heads", config.heads);
  read_size(section, "layers", config.layers);
  read_mlp_ratio(section, config.width, config.mlp_ratio);
  require_default(section, kCustomAttention);
  require_default(section, {{"tokenizer_mode", nullptr},
                            {"tokenizer_kwargs", json::object()},
                            {"ls_init_value", nullptr},
                            {"embed_cls", false},
                            {"no_causal_mask", false},
                            {"final_ln_after_pool", false},
                            {"pool_type", "argmax"},
                            {"proj_type", "linear"},
                            {"proj_bias", false}});
  section.ignore({"pad_id", "eos_id", "output_tokens", "hf_model_pretrained", "hf_proj_type",
                  "hf_pooler_type"});
  section.finish(kRemedy);
  if (config.width % config.heads != 0) {
    section.fail("heads", text("do not divide the width, ", config.width, ", into equal heads"));
  }
  return config;
}

PreprocessConfig read_preprocess(JsonObject section, int64_t image_size) {
  PreprocessConfig config;
  read_rgb(section, "mean", /*positive=*/false, config.mean);
  read_rgb(section, "std", /*positive=*/true, config.std);
  read_choice(section, "interpolation", {"bicubic", "bilinear"}, config.interpolation);
  read_choice(section, "resize_mode", {"shortest", "squash"}, config.resize_mode);
  require_default(section, {{"mode", "RGB"}});
  section.ignore({"fill_color"});
  int64_t size = image_size;
  read_side(section, "size", size);
  if (size != image_size) {
    section.fail("size", text("is not the model's image size, ", image_size));
  }
  section.finish(kRemedy);
  return config;
}

void read_model(JsonObject section, ClipConfig& config) {
  if (!section.has("embed_dim")) section.fail("embed_dim", "is needed");
  read_size(section, "embed_dim", config.embed_dim);
  section.read("quick_gelu", config.quick_gelu);
  config.vision = read_vision(section.object("vision_cfg"));
  config.text = read_text(section.object("text_cfg"));
  require_default(section, {{"custom_text", false},
                            {"nonscalar_logit_scale", false},
                            {"init_logit_scale", nullptr},
                            {"init_logit_bias", nullptr},
                            {"multimodal_cfg", nullptr}});
  section.finish(kRemedy);
}

ClipConfig read_document(JsonObject file) {
  ClipConfig config;
  if (!file.has("model_cfg")) {
    read_model(std::move(file), config);
    return config;
  }
  read_model(file.object("model_cfg"), config);
  if (file.has("preprocess_cfg")) {
    config.preprocess = read_preprocess(file.object("preprocess_cfg"), config.vision.image_size);
  }
  file.finish(kRemedy);
  return config;
}

}  // namespace

ClipConfig read_clip_config(const std::filesystem::path& path) {
  const std::string content = read_file(path);
  try {
    const json document = parse_json(content, path.string());
    return read_document(JsonObject(path.string(), "", document));
  } catch (const DataError& error) {
    throw ConfigError(error.what());
  }
}

std::string hub_config_json(const ClipConfig& config) {
  const VisionConfig& vision = config.vision;
  const TextConfig& text = config.text;
  nlohmann::ordered_json document;
  document["model_cfg"] = {{"embed_dim", config.embed_dim},
                           {"quick_gelu", config.quick_gelu},
                           {"vision_cfg",
                            {{"image_size", vision.image_size},
                             {"layers", vision.layers},
                             {"width", vision.width},
                             {"head_width", vision.head_width},
                             {"mlp_ratio", vision.mlp_ratio},
                             {"patch_size", vision.patch_size}}},
                           {"text_cfg",
                            {{"context_length", text.context_length},
                             {"vocab_size", text.vocab_size},
                             {"width", text.width},
                             {"heads", text.heads},
                             {"layers", text.layers},
                             {"mlp_ratio", text.mlp_ratio}}}};
  document["preprocess_cfg"] = {{"mean", config.preprocess.mean},
                                {"std", config.preprocess.std},
                                {"interpolation", config.preprocess.interpolation},
                                {"resize_mode", config.preprocess.resize_mode}};
  return document.dump(2) + "\n";
}

}  // namespace dermatome
