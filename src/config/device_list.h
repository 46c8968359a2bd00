// Files that list devices, as configs/devices.yaml does: NAME: {memory: 140GiB}.
#pragma once

#include <map>
#include <string>

namespace dermatome {

// Bytes of a device's memory by its name.
using DeviceList = std::map<std::string, double>;

// Reads `yaml`, which came from `source`. Throws ConfigError naming source, line, column and name.
DeviceList read_devices(const std::string& yaml, const std::string& source);

// "141GiB", "80 GB" or "512MiB" as bytes. Throws ConfigError, whose message begins with `where`.
double parse_bytes(const std::string& text, const std::string& where);

}  // namespace dermatome
