// The binary `dermatome`: parses the command line and runs a command.
#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/failure.h"
#include "launcher/version.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/nearest_key.h"
#include "src/core/quoted.h"
#include "src/core/text.h"
#include "src/distributed/world.h"

namespace dermatome {
namespace {

// Data sets keep hundreds of shards open; many machines allow 1,024 files unless asked for more.
void allow_many_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

// The first word on the command line that is no option, if it is not among the commands `known`;
// else empty.
std::string unknown_command(const std::vector<std::string>& known, int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (!word.starts_with('-')) return std::ranges::find(known, word) == known.end() ? word : "";
  }
  return "";
}

// Reads the command line, and does what needs no ranks.
void parse(CLI::App& app, int argc, char** argv) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success&) {
    throw;
  } catch (const CLI::RuntimeError&) {
    throw;
  } catch (const CLI::ParseError& error) {
    std::vector<std::string> known;
    for (const CLI::App* command : app.get_subcommands({})) known.push_back(command->get_name());
    const std::string unknown = unknown_command(known, argc, argv);
    if (unknown.empty()) {
      throw ConfigError(text("command line: ", error.what(),
                             "; see dermatome --help, or --help after a command"));
    }
    throw ConfigError(text("command line: ", quoted(unknown), " is no command; the nearest one is ",
                           quoted(nearest_key(unknown, known)),
                           ", and dermatome --help lists them"));
  }
}

}  // namespace
}  // namespace dermatome

int main(int argc, char** argv) {
  using namespace dermatome;
  allow_many_files();
  const World announced = announced_world(process_environment());
  initialize_logging(announced.rank, announced.size);
  end_at_uncaught_errors(announced.rank);
  CLI::App app("Dermatome trains vision-language models of the skin on any number of ranks");
  app.set_version_flag("--version", "dermatome " + version());
  add_commands(app);
  try {
    parse(app, argc, argv);
  } catch (const CLI::RuntimeError& error) {
    return error.get_exit_code();  // a command's own
  } catch (const CLI::Success& help) {
    return announced.rank == 0 ? app.exit(help) : kExitOk;
  } catch (...) {
    return report_caught_error();
  }
  // Outside of the handlers: inside of one, an error would unwind the stack (launcher/failure.h).
  return finish_output(do_work_on_ranks());
}
