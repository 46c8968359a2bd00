// The binary `dermatome`: parses the command line and runs a command.
#include <sys/resource.h>

#include <CLI/CLI.hpp>

#include "launcher/command_line.h"
#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/failure.h"
#include "src/core/log.h"
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

}  // namespace
}  // namespace dermatome

int main(int argc, char** argv) {
  using namespace dermatome;
  allow_many_files();
  const World announced = announced_world(process_environment());
  initialize_logging(announced.rank, announced.size);
  end_at_uncaught_errors(announced.rank);
  const auto app = make_command_line();
  try {
    read_command_line(*app, {argv + 1, argv + argc});
  } catch (const CLI::RuntimeError& error) {
    return error.get_exit_code();  // a command's own
  } catch (const CLI::Success& help) {
    return announced.rank == 0 ? app->exit(help) : kExitOk;
  } catch (...) {
    return report_caught_error();
  }
  // Outside of the handlers: inside of one, an error would unwind the stack (launcher/failure.h).
  return finish_output(do_work_on_ranks());
}
