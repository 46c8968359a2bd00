#include "src/core/json_text.h"

#include <nlohmann/json.hpp>

namespace dermatome {
namespace {

template <typename Json>
std::string one_line(const Json& value) {
  return value.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace

std::string json_line(const nlohmann::json& value) { return one_line(value); }

std::string json_line(const nlohmann::ordered_json& value) { return one_line(value); }

}  // namespace dermatome
