// The binary `dermatome`: parses the command line and turns an error's kind into an exit code.
#include <CLI/CLI.hpp>

#include "launcher/commands/commands.h"

int main(int argc, char** argv) {
  CLI::App app("Dermatome trains vision-language models of the skin on any number of ranks");
  dermatome::add_commands(app);
  CLI11_PARSE(app, argc, argv);
  return 0;
}
