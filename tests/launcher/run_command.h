// Runs a shell command and reports its exit code, its output and its time.
#pragma once

#include <cstdint>
#include <string>

namespace dermatome {

struct CommandResult {
  int exit_code = -1;  // -1: a signal ended it
  std::string output;  // standard output and error
  double seconds = 0;
};

CommandResult run_command(const std::string& command);

// How many lines of the output are errors of `dermatome`.
int64_t num_error_lines(const CommandResult& result);

}  // namespace dermatome
