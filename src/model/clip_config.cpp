#include "src/model/clip_config.h"

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"

namespace dermatome {
namespace {

using nlohmann::json;

// Sizes above this cannot be meant and would overflow products of sizes.
constexpr int64_t kMaxSize = 1 << 24;

// One object of the configuration: hands out its values by key and remembers which keys were asked
// for, so that finish() can refuse the others.
class Section {
 public:
  Section(std::filesystem::path file, std::string name, const json& object)
      : file_(std::move(file)), name_(std::move(name)), object_(object) {
    if (!object_.is_object()) {
      throw ConfigError(file_.string() + ": " + (name_.empty() ? "the file" : name_) +
                        " must be a JSON object, but is " + object_.dump());
    }
  }

  bool has(const std::string& key) const {
    return object_.contains(key) && !object_.at(key).is_null();
  }

  Section section(const std::string& key) {
    if (!mentions(key)) fail(key, "must be an object");
    return Section(file_, qualified(key), object_.at(key));
  }

  void read_size(const std::string& key, int64_t& out) {
    if (!mentions(key)) return;
    out = to_size(key, object_.at(key));
  }

  // open_clip writes a square's side as a number or twice.
  void read_side(const std::string& key, int64_t& out) {
    if (!mentions(key)) return;
    const json& side = object_.at(key);
    if (!side.is_array()) {
      out = to_size(key, side);
      return;
    }
    if (side.size() != 2 || side[0] != side[1]) {
      fail(key, "must be one number or the same number twice: only squares are implemented");
    }
    out = to_size(key, side[0]);
  }

  // The width of an MLP's hidden layer, as a multiple of the tower's `width`.
  void read_mlp_ratio(int64_t width, double& out) {
    const std::string key = "mlp_ratio";
    if (!mentions(key)) return;
    const json& ratio = object_.at(key);
    if (!ratio.is_number()) fail(key, "must be a number");
    out = ratio.get<double>();
    const double hidden = static_cast<double>(width) * out;
    if (!(hidden >= 1 && hidden <= kMaxSize)) {
      fail(key, "times the width, " + std::to_string(width) + ", must be from 1 to " +
                    std::to_string(kMaxSize));
    }
  }

  void read_bool(const std::string& key, bool& out) {
    if (!mentions(key)) return;
    if (!object_.at(key).is_boolean()) fail(key, "must be true or false");
    out = object_.at(key).get<bool>();
  }

  void read_choice(const std::string& key, const std::vector<std::string>& choices,
                   std::string& out) {
    if (!mentions(key)) return;
    for (const std::string& choice : choices) {
      if (object_.at(key) == choice) {
        out = choice;
        return;
      }
    }
    fail(key, "must be one of " + json(choices).dump() + ": nothing else is implemented");
  }

  void read_rgb(const std::string& key, bool positive, std::array<double, 3>& out) {
    if (!mentions(key)) return;
    const json& list = object_.at(key);
    bool good = list.is_array() && list.size() == 3;
    for (size_t i = 0; good && i < 3; ++i) {
      good = list[i].is_number() && (!positive || list[i].get<double>() > 0);
    }
    if (!good) fail(key, std::string("must be three ") + (positive ? "positive " : "") + "numbers");
    out = list.get<std::array<double, 3>>();
  }

  // Keys that leave the computation alone only with these values (null always does).
  void require_default(const std::vector<std::pair<std::string, json>>& keys) {
    for (const auto& [key, neutral] : keys) {
      if (mentions(key) && object_.at(key) != neutral) {
        fail(key, neutral.is_null() ? std::string("is not implemented")
                                    : "is only implemented as " + neutral.dump());
      }
    }
  }

  // Keys that have no influence on the model Dermatome builds.
  void ignore(const std::vector<std::string>& keys) {
    for (const std::string& key : keys) known_.insert(key);
  }

  void finish() const {
    for (const auto& [key, unused] : object_.items()) {
      if (!known_.contains(key)) {
        throw ConfigError(file_.string() + ": unknown key " + qualified(key) +
                          "; remove it if the model does not depend on it");
      }
    }
  }

  [[noreturn]] void fail(const std::string& key, const std::string& what) const {
    const std::string shown = object_.contains(key) ? object_.at(key).dump() : "missing";
    throw ConfigError(file_.string() + ": " + qualified(key) + " (" + shown + ") " + what);
  }

 private:
  std::string qualified(const std::string& key) const {
    return name_.empty() ? key : name_ + "." + key;
  }

  // Whether `key` is there with a value other than null.
  bool mentions(const std::string& key) {
    known_.insert(key);
    return has(key);
  }

  int64_t to_size(const std::string& key, const json& number) const {
    if (!number.is_number_integer() || number < 1 || number > kMaxSize) {
      fail(key, "must be a whole number from 1 to " + std::to_string(kMaxSize));
    }
    return number.get<int64_t>();
  }

  std::filesystem::path file_;
  std::string name_;
  const json& object_;
  std::set<std::string> known_;
};

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

VisionConfig read_vision(Section section) {
  VisionConfig config;
  section.require_default({{"timm_model_name", nullptr}});
  section.read_side("image_size", config.image_size);
  section.read_side("patch_size", config.patch_size);
  section.read_size("width", config.width);
  section.read_size("layers", config.layers);
  section.read_size("head_width", config.head_width);
  section.read_mlp_ratio(config.width, config.mlp_ratio);
  section.require_default(kCustomAttention);
  section.require_default({{"ls_init_value", nullptr},
                           {"patch_dropout", 0.0},
                           {"attentional_pool", false},
                           {"no_ln_pre", false},
                           {"pos_embed_type", "learnable"},
                           {"final_ln_after_pool", false},
                           {"pool_type", "tok"}});
  section.ignore({"attn_pooler_queries", "attn_pooler_heads", "output_tokens",
                  "timm_model_pretrained", "timm_pool", "timm_proj", "timm_proj_bias", "timm_drop",
                  "timm_drop_path"});
  section.finish();
  if (config.patch_size > config.image_size) {
    section.fail("patch_size", "is larger than the image, " + std::to_string(config.image_size));
  }
  if (config.heads() < 1 || config.width % config.heads() != 0) {
    section.fail("head_width", "does not divide the width, " + std::to_string(config.width) +
                                   ", into equal heads");
  }
  return config;
}

TextConfig read_text(Section section) {
  TextConfig config;
  section.require_default({{"hf_model_name", nullptr}, {"hf_tokenizer_name", nullptr}});
  section.read_size("context_length", config.context_length);
  section.read_size("vocab_size", config.vocab_size);
  section.read_size("width", config.width);
  section.read_size("heads", config.heads);
  section.read_size("layers", config.layers);
  section.read_mlp_ratio(config.width, config.mlp_ratio);
  section.require_default(kCustomAttention);
  section.require_default({{"tokenizer_mode", nullptr},
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
  section.finish();
  if (config.width % config.heads != 0) {
    section.fail("heads",
                 "do not divide the width, " + std::to_string(config.width) + ", into equal heads");
  }
  return config;
}

PreprocessConfig read_preprocess(Section section, int64_t image_size) {
  PreprocessConfig config;
  section.read_rgb("mean", /*positive=*/false, config.mean);
  section.read_rgb("std", /*positive=*/true, config.std);
  section.read_choice("interpolation", {"bicubic", "bilinear"}, config.interpolation);
  section.read_choice("resize_mode", {"shortest", "squash"}, config.resize_mode);
  section.require_default({{"mode", "RGB"}});
  section.ignore({"fill_color"});
  int64_t size = image_size;
  section.read_side("size", size);
  if (size != image_size) {
    section.fail("size", "is not the model's image size, " + std::to_string(image_size));
  }
  section.finish();
  return config;
}

void read_model(Section section, ClipConfig& config) {
  if (!section.has("embed_dim")) section.fail("embed_dim", "is needed");
  section.read_size("embed_dim", config.embed_dim);
  section.read_bool("quick_gelu", config.quick_gelu);
  config.vision = read_vision(section.section("vision_cfg"));
  config.text = read_text(section.section("text_cfg"));
  section.require_default({{"custom_text", false},
                           {"nonscalar_logit_scale", false},
                           {"init_logit_scale", nullptr},
                           {"init_logit_bias", nullptr},
                           {"multimodal_cfg", nullptr}});
  section.finish();
}

}  // namespace

ClipConfig read_clip_config(const std::filesystem::path& path) {
  json document;
  try {
    document = json::parse(read_file(path));
  } catch (const json::exception& error) {
    throw ConfigError(path.string() + ": not valid JSON: " + error.what());
  }
  ClipConfig config;
  Section file(path, "", document);
  if (!file.has("model_cfg")) {
    read_model(std::move(file), config);
    return config;
  }
  read_model(file.section("model_cfg"), config);
  if (file.has("preprocess_cfg")) {
    config.preprocess = read_preprocess(file.section("preprocess_cfg"), config.vision.image_size);
  }
  file.finish();
  return config;
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
