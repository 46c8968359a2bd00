#include "tests/launcher/run_command.h"

#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstdio>

#include "src/core/error.h"

namespace dermatome {

CommandResult run_command(const std::string& command) {
  const auto start = std::chrono::steady_clock::now();
  CommandResult result;
  FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "r");
  require(pipe != nullptr, "popen failed");
  std::array<char, 4096> buffer{};
  while (fgets(buffer.data(), buffer.size(), pipe) != nullptr) result.output += buffer.data();
  const int status = pclose(pipe);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

int64_t num_error_lines(const CommandResult& result) {
  int64_t number = 0;
  for (size_t at = 0; (at = result.output.find("| error |", at)) != std::string::npos; ++at) {
    ++number;
  }
  return number;
}

}  // namespace dermatome
