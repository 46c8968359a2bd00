// Reads the values of model configurations. All functions throw DataError naming file and key.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "src/core/strict_json.h"

namespace dermatome {

// Ends the message about an unknown key.
inline constexpr const char* kUnknownKeyRemedy = "; remove it if the model does not depend on it";

// A whole number from 1 to 2^24: larger sizes cannot be meant and would overflow products of sizes.
// Leaves `out` as it is if the value is missing.
void read_size(JsonObject& object, const std::string& key, int64_t& out);

// A square's side: one number or, as open_clip may write it, two equal numbers.
void read_side(JsonObject& object, const std::string& key, int64_t& out);

// "mlp_ratio": the width of an MLP's hidden layer, as a multiple of the tower's `width`.
void read_mlp_ratio(JsonObject& object, int64_t width, double& out);

// "act_kwargs": {"approximate": "tanh"} makes GELU its approximation with tanh.
void read_tanh_gelu(JsonObject& object, bool& out);

// "norm_kwargs": {"eps": …}, of all of a tower's layer norms.
void read_norm_eps(JsonObject& object, double& out);

// Refuses keys that change the computation, unless they have these values (or null).
void require_default(JsonObject& object,
                     const std::vector<std::pair<std::string, nlohmann::json>>& keys);

// require_default() for the options of open_clip's CustomResidualAttentionBlock.
void require_default_attention(JsonObject& object);

}  // namespace dermatome
