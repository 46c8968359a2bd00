#include "src/plan/devices.h"

#include <unistd.h>

#include "src/config/device_list.h"
#include "src/config/runtime_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/quoted.h"
#include "src/core/text.h"

__asm__(
    ".pushsection .rodata\n"
    "dermatome_devices_begin:\n"
    ".incbin \"" DERMATOME_DEVICES
    "\"\n"
    "dermatome_devices_end:\n"
    ".byte 0\n"
    ".popsection\n");

extern "C" {
extern const char dermatome_devices_begin[] __attribute__((visibility("hidden")));
extern const char dermatome_devices_end[] __attribute__((visibility("hidden")));
}

namespace dermatome {
namespace {

DeviceList known_devices(const std::string& file) {
  DeviceList known =
      read_devices({dermatome_devices_begin, dermatome_devices_end}, "configs/devices.yaml");
  if (file.empty()) return known;
  DeviceList devices = read_devices(read_file(file), file);
  devices.merge(known);
  return devices;
}

std::string names(const DeviceList& devices) {
  std::string listed = "cpu";
  for (const auto& [name, bytes] : devices) listed += ", " + name;
  return listed;
}

// With --device-memory any name is accepted.
double gpu_bytes(const DeviceRequest& request, const DeviceList& devices) {
  if (!request.memory.empty()) return parse_bytes(request.memory, "--device-memory ");
  const auto found = devices.find(request.name);
  if (found != devices.end()) return found->second;
  throw ConfigError(text("--device ", quoted(request.name), " is not known; known are ",
                         names(devices),
                         ". Give its memory with --device-memory 141GiB, or list it in a file like "
                         "configs/devices.yaml and name that file with --devices"));
}

PlannedDevice planned_cpu(const DeviceRequest& request) {
  const auto ranks = static_cast<double>(request.cpu_sharers);
  double bytes =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  std::string name = "this machine's memory for each of ";
  if (!request.memory.empty()) {
    bytes = parse_bytes(request.memory, "--device-memory ");
    name = request.memory + " divided among ";
  }
  return {text(name, request.cpu_sharers, " ranks"), bytes / ranks, /*is_gpu=*/false};
}

}  // namespace

PlannedDevice planned_device(const DeviceRequest& request, DeviceChoice configured) {
  const DeviceList devices =
      known_devices(request.file);  // a file with a mistake is always refused
  const bool nothing_asked = request.name.empty() && request.memory.empty();
  if (nothing_asked && configured == DeviceChoice::kCuda) {
    throw ConfigError(
        "runtime.device is cuda; say with --device which GPU a rank gets, or with --device-memory "
        "how much memory it has");
  }
  if (nothing_asked || request.name == "cpu") return planned_cpu(request);
  return {request.name.empty() ? "a GPU" : request.name, gpu_bytes(request, devices),
          /*is_gpu=*/true};
}

}  // namespace dermatome
