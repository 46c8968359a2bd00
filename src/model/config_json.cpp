#include "src/model/config_json.h"

#include <nlohmann/json.hpp>

#include "src/core/text.h"

namespace dermatome {
namespace {

using nlohmann::json;

constexpr int64_t kMaxSize = 1 << 24;

int64_t to_size(const JsonObject& object, const std::string& key, const json& number) {
  if (!number.is_number_integer() || number < 1 || number > kMaxSize) {
    object.fail(key, text("must be a whole number from 1 to ", kMaxSize));
  }
  return number.get<int64_t>();
}

}  // namespace

void read_size(JsonObject& object, const std::string& key, int64_t& out) {
  const json& size = object.find(key);
  if (!size.is_null()) out = to_size(object, key, size);
}

void read_side(JsonObject& object, const std::string& key, int64_t& out) {
  const json& side = object.find(key);
  if (!side.is_array()) return read_size(object, key, out);
  if (side.size() != 2 || side[0] != side[1]) {
    object.fail(key, "must be one number or the same number twice: only squares are implemented");
  }
  out = to_size(object, key, side[0]);
}

void read_mlp_ratio(JsonObject& object, int64_t width, double& out) {
  const std::string key = "mlp_ratio";
  if (object.find(key).is_null()) return;
  object.read(key, out);
  const double hidden = static_cast<double>(width) * out;
  if (!(hidden >= 1 && hidden <= kMaxSize)) {
    object.fail(key, text("times the width, ", width, ", must be from 1 to ", kMaxSize));
  }
}

void read_tanh_gelu(JsonObject& object, bool& out) {
  if (!object.has("act_kwargs")) return;
  JsonObject options = object.object("act_kwargs");
  std::string approximation = "none";
  options.read("approximate", approximation);
  if (approximation != "none" && approximation != "tanh") {
    options.fail("approximate", "must be none or tanh");
  }
  options.finish(kUnknownKeyRemedy);
  out = approximation == "tanh";
}

void read_norm_eps(JsonObject& object, double& out) {
  if (!object.has("norm_kwargs")) return;
  JsonObject options = object.object("norm_kwargs");
  options.read("eps", out);
  if (!(out > 0 && out < 1)) options.fail("eps", "must be above 0 and below 1");
  options.finish(kUnknownKeyRemedy);
}

void require_default(JsonObject& object, const std::vector<std::pair<std::string, json>>& keys) {
  for (const auto& [key, neutral] : keys) {
    const json& value = object.find(key);
    if (!value.is_null() && value != neutral) {
      object.fail(key, neutral.is_null() ? std::string("is not implemented")
                                         : "is only implemented as " + neutral.dump());
    }
  }
}

void require_default_attention(JsonObject& object) {
  require_default(object, {{"block_type", "default"},
                           {"qk_norm", false},
                           {"scaled_cosine_attn", false},
                           {"scale_heads", false},
                           {"scale_attn", false},
                           {"scale_attn_inner", false},
                           {"scale_fc", false}});
}

}  // namespace dermatome
