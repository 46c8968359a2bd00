#include "tools/bench/worker.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fstream>
#include <iostream>

#include "src/config/runtime_options.h"
#include "src/core/error.h"

namespace dermatome::bench {
namespace {

constexpr int64_t kLineBytes = 4096;

double process_seconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// A value of /proc/self/status, which has it in kB, in MiB.
double memory_status(const std::string& name) {
  std::ifstream status("/proc/self/status");
  for (std::string key; status >> key; status.ignore(4096, '\n')) {
    double kib = 0;
    if (key == name + ":" && status >> kib) return kib / 1024;
  }
  throw DataError("/proc/self/status: has no " + name);
}

// The next command, which rank 0 reads and sends to every rank; empty at the end.
std::string next_line(Collectives& collectives) {
  at::Tensor buffer = at::zeros({kLineBytes}, at::kByte);
  auto* bytes = reinterpret_cast<char*>(buffer.mutable_data_ptr<uint8_t>());
  if (std::string line; collectives.rank() == 0 && std::getline(std::cin, line)) {
    require(line.size() < kLineBytes, "a command that is too long");
    std::copy(line.begin(), line.end(), bytes);
  }
  collectives.broadcast(buffer, 0, "command");
  return bytes;
}

}  // namespace

nlohmann::json cost_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const double cpu_start = process_seconds();
  work();
  const double cpu = process_seconds() - cpu_start;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - start;
  return {{"cpu", cpu}, {"wall", wall.count()}};
}

nlohmann::json memory_of(const std::function<void()>& work) {
  // Writing 5 sets the highest resident size back to the present size (proc(5)).
  if (!(std::ofstream("/proc/self/clear_refs") << 5).flush()) {
    throw DataError("/proc/self/clear_refs: cannot be written, so no peak can be measured");
  }
  const double before = memory_status("VmRSS");
  work();
  const double peak = memory_status("VmHWM");
  return {{"peak", peak}, {"extra", peak - before}};
}

void serve(Collectives& collectives, const std::map<std::string, Command>& commands) {
  const auto answer = [&](const nlohmann::json& value) {
    if (collectives.rank() == 0) std::cout << value.dump() << std::endl;
  };
  answer("ready");
  for (std::string line; !(line = next_line(collectives)).empty();) {
    const size_t end = std::min(line.find(' '), line.size());
    const auto command = commands.find(line.substr(0, end));
    if (command == commands.end()) throw ConfigError("unknown command '" + line + "'");
    collectives.barrier("start of a command");
    answer(command->second(line.substr(std::min(end + 1, line.size()))));
  }
}

RuntimeOptions runtime_options() {
  RuntimeOptions options;
  options.device = DeviceChoice::kCpu;
  options.threads = 1;
  options.timeout_s = 3600;
  return options;
}

}  // namespace dermatome::bench
