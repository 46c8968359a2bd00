#include "src/core/json_text.h"

#include <nlohmann/json.hpp>

namespace dermatome {
namespace {

template <typename Json>
std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

}  // namespace

std::string json_line(const nlohmann::json& value) { return dump(value, -1); }

std::string json_line(const nlohmann::ordered_json& value) { return dump(value, -1); }

std::string json_page(const nlohmann::json& value) { return dump(value, 1); }

}  // namespace dermatome
