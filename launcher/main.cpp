// The binary `dermatome`: parses the command line and runs a command.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <string>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/failure.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/distributed/world.h"

namespace {

// Data sets keep hundreds of shards open; many machines allow 1,024 files unless asked for more.
void allow_many_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

}  // namespace

int main(int argc, char** argv) {
  using namespace dermatome;
  allow_many_files();
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
