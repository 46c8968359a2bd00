// The command line of `dermatome`: reading it, and saying what is wrong with it.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

namespace dermatome {

// `dermatome` with all of its commands.
std::unique_ptr<CLI::App> make_command_line();

// Reads `words`, which stand behind `dermatome` on the command line, and runs the callback of the
// command. Throws ConfigError that names the wrong word and the nearest right one, or the missing
// one; CLI::Success if help or the version is asked for; and what the callback throws.
void read_command_line(CLI::App& app, const std::vector<std::string>& words);

// Checks `words` as read_command_line() does, without running the command's callback. If they ask
// for help or the version, prints it and throws CLI::RuntimeError with the exit code.
void check_command_line(const std::vector<std::string>& words);

// The command called `word`. Throws ConfigError that names the nearest one if there is none.
const CLI::App& command_called(const CLI::App& app, const std::string& word);

}  // namespace dermatome
