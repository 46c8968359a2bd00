#include "src/config/device_list.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cmath>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

const std::map<std::string, double, std::less<>> kUnits = {
    {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}};

std::string where(const YAML::Node& node, const std::string& source) {
  return text(source, ":", node.Mark().line + 1, ":", node.Mark().column + 1, ": ");
}

double memory_of(const YAML::Node& device, const std::string& at) {
  const YAML::Node memory = device.IsMap() ? device["memory"] : YAML::Node();
  if (!memory.IsDefined() || !memory.IsScalar() || device.size() != 1) {
    throw ConfigError(at + "is not {memory: SIZE}, for example {memory: 140GiB}");
  }
  return parse_bytes(memory.Scalar(), at);
}

}  // namespace

DeviceList read_devices(const std::string& yaml, const std::string& source) {
  DeviceList devices;
  try {
    const YAML::Node list = YAML::Load(yaml);
    if (!list.IsMap()) throw ConfigError(source + ": is not a list NAME: {memory: SIZE}");
    for (const auto& entry : list) {
      const auto name = entry.first.as<std::string>();
      const std::string at = text(where(entry.first, source), name, " ");
      if (name == "cpu") throw ConfigError(at + "means this machine; give the device another name");
      if (!devices.emplace(name, memory_of(entry.second, at)).second) {
        throw ConfigError(at + "is there a second time");
      }
    }
  } catch (const YAML::Exception& error) {
    throw ConfigError(text(source, ": not valid YAML: ", error.what()));
  }
  return devices;
}

double parse_bytes(const std::string& text, const std::string& where) {
  double number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  std::string_view unit(rest, static_cast<size_t>(end - rest));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  const auto found = kUnits.find(unit);
  if (error != std::errc() || found == kUnits.end() || !std::isfinite(number) || number <= 0) {
    throw ConfigError(dermatome::text(
        where, "has '", text, "' for its memory, which is no size; write one like 141GiB or 80GB"));
  }
  return number * found->second;
}

}  // namespace dermatome
