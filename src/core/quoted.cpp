#include "src/core/quoted.h"

#include <nlohmann/json.hpp>

#include "src/core/json_text.h"

namespace dermatome {
namespace {

constexpr size_t kMaxBytes = 200;

}  // namespace

std::string quoted(const std::string& name) {
  const std::string shown = name.size() > kMaxBytes ? name.substr(0, kMaxBytes) + "..." : name;
  return json_line(nlohmann::json(shown));
}

}  // namespace dermatome
