// The subcommands of `dermatome`, one file each. Every function adds its subcommand, with options and a
// callback that does the work, to the command line; errors leave a callback as exceptions.
#pragma once

#include <CLI/CLI.hpp>

namespace dermatome {

// Adds all subcommands; the one list of them.
void add_commands(CLI::App& app);

}  // namespace dermatome
