// Runs a shell command and looks at what it did.
#pragma once

#include <string>

namespace dermatome {

struct CommandResult {
  int exit_code = -1;  // -1: a signal ended it
  std::string output;  // standard output and error
  double seconds = 0;
};

CommandResult run_command(const std::string& command);

}  // namespace dermatome
