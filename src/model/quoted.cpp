#include "src/model/quoted.h"

#include <nlohmann/json.hpp>

namespace dermatome {
namespace {

constexpr size_t kMaxBytes = 200;

}  // namespace

std::string quoted(const std::string& name) {
  using nlohmann::json;
  const std::string shown = name.size() > kMaxBytes ? name.substr(0, kMaxBytes) + "..." : name;
  return json(shown).dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace dermatome
