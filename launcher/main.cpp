// The binary `dermatome`: parses the command line and runs a command.
#include <CLI/CLI.hpp>
#include <string>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/failure.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/distributed/world.h"

int main(int argc, char** argv) {
  using namespace dermatome;
  const World announced = announced_world(process_environment());
  initialise_logging(announced.rank, announced.size);
  end_at_uncaught_errors(announced.rank);
  CLI::App app("Dermatome trains vision-language models of the skin on any number of ranks");
  app.set_version_flag("--version", "dermatome " DERMATOME_VERSION);
  add_commands(app);
  try {
    app.parse(argc, argv);
    return kExitOk;
  } catch (const CLI::RuntimeError& error) {
    return error.get_exit_code();  // a command's own
  } catch (const CLI::Success& help) {
    return announced.rank == 0 ? app.exit(help) : kExitOk;
  } catch (const CLI::ParseError& error) {
    throw ConfigError(std::string("command line: ") + error.what() +
                      "; see dermatome --help, or --help behind a command");
  }
}
