#include "src/core/json_text.h"

#include <nlohmann/json.hpp>

#include "src/core/log.h"
#include "src/core/text.h"

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

std::string four_digits(const nlohmann::json& numbers) {
  std::string listed;
  for (const auto& [name, value] : numbers.items()) {
    const std::string shown =
        value.is_number() ? format("%.4f", value.get<double>()) : value.dump();
    listed += text(listed.empty() ? "" : " ", name, ": ", shown);
  }
  return listed;
}

}  // namespace dermatome
