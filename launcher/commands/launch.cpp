// `dermatome launch [--ranks N|auto] [--hosts …] COMMAND…`: starts a command of `dermatome` on
// ranks, with the options that mpirun needs.
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "launcher/command_line.h"
#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/mpirun.h"
#include "src/core/as_typed.h"
#include "src/core/error.h"
#include "src/core/live_line.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

struct LaunchArguments {
  std::string ranks = "auto";
  std::string hosts;
};

int64_t read_num_ranks(const LaunchArguments& arguments) {
  if (arguments.ranks == "auto") {
    // With hosts, mpirun fills their slots.
    return arguments.hosts.empty() ? choose_num_ranks() : 0;
  }
  int64_t number = 0;
  const char* end = arguments.ranks.data() + arguments.ranks.size();
  const auto [rest, error] = std::from_chars(arguments.ranks.data(), end, number);
  if (error != std::errc() || rest != end || number < 1) {
    throw ConfigError(text("--ranks ", arguments.ranks, ": neither a number above 0 nor auto"));
  }
  return number;
}

int launch(const LaunchArguments& arguments, const std::vector<std::string>& command) {
  const int64_t num_ranks = read_num_ranks(arguments);
  if (command.empty()) throw ConfigError("dermatome launch needs a command, for example train");
  // An option in front of the command, of which `launch` has taken its own.
  if (command.front().starts_with('-')) throw CLI::ExtrasError("launch", command);
  // Here a wrong word is told in one line, without mpirun's own lines about ranks that failed.
  ranks_to_start() = num_ranks;
  check_command_line(command);
  if (geteuid() == 0) {
    // Open MPI refuses root unless told twice.
    setenv("OMPI_ALLOW_RUN_AS_ROOT", "1", 1);
    setenv("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1", 1);
  }
  if (!arguments.hosts.empty()) {
    // mpirun would wait many minutes for a host that fell silent. With these values it asks after
    // 15 s of silence, three times within another 15 s.
    setenv("OMPI_MCA_oob_tcp_keepalive_time", "15", 0);
    setenv("OMPI_MCA_oob_tcp_keepalive_intvl", "5", 0);
    setenv("OMPI_MCA_oob_tcp_keepalive_probes", "3", 0);
  }
  pass_terminal_on();
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const auto mpirun =
      mpirun_arguments({num_ranks, arguments.hosts, command}, program,
                       [](const char* variable) { return std::getenv(variable) != nullptr; });
  log_info(as_typed(mpirun));
  return run_and_forward_signals(mpirun);
}

}  // namespace

void add_launch(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "launch", "Start a command of dermatome, with its own words and options, on several ranks");
  command->footer(
      "dermatome launch --ranks 2 train configs/quickstart.yaml\n"
      "dermatome launch --hosts one:8,two:8 train config.yaml name=first");
  const auto arguments = std::make_shared<LaunchArguments>();
  command
      ->add_option("--ranks", arguments->ranks,
                   text("Number of ranks; auto: one per GPU, or per ", kCoresPerRank,
                        " cores, or per slot of --hosts"))
      ->capture_default_str();
  command->add_option("--hosts", arguments->hosts,
                      "HOST[:SLOTS],...: where ranks run; default: this machine");
  // The first word that is no option of `launch`, and all after it, belong to COMMAND.
  command->prefix_command();
  command->callback([arguments, command] {
    const int code = launch(*arguments, command->remaining());
    if (code != kExitOk) throw CLI::RuntimeError(code);
  });
}

}  // namespace dermatome
