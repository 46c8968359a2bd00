// The binary `dermatome`: parses the command line and turns an error's kind into an exit code.
#include <CLI/CLI.hpp>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "src/core/log.h"

int main(int argc, char** argv) {
  using namespace dermatome;
  initialise_logging(/*rank=*/0, /*world_size=*/1);
  CLI::App app("Dermatome trains vision-language models of the skin on any number of ranks");
  add_commands(app);
  try {
    app.parse(argc, argv);
    return kExitOk;
  } catch (const CLI::RuntimeError& error) {
    return error.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitOk : kExitUsage;
  } catch (const std::exception& error) {
    log_error(error.what());
    return exit_code_of(error);
  }
}
