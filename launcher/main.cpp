// The binary `dermatome`: parses the command line and runs a command.
#include <CLI/CLI.hpp>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/failure.h"
#include "src/core/log.h"

int main(int argc, char** argv) {
  using namespace dermatome;
  initialise_logging(/*rank=*/0, /*world_size=*/1);
  end_at_uncaught_errors();
  CLI::App app("Dermatome trains vision-language models of the skin on any number of ranks");
  app.set_version_flag("--version", "dermatome " DERMATOME_VERSION);
  add_commands(app);
  try {
    app.parse(argc, argv);
    return kExitOk;
  } catch (const CLI::RuntimeError& error) {
    return error.get_exit_code();  // a command's own
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  }
}
