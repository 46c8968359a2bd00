// How `dermatome launch` starts ranks: mpirun's command line, and mpirun as a child, which gets
// this process's signals and gives its exit code.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

struct LaunchOptions {
  int64_t num_ranks = 0;             // 0: mpirun fills the slots of the hosts
  std::string hosts;                 // mpirun's HOST[:SLOTS],…; empty: this machine
  std::vector<std::string> command;  // a command of `dermatome` and its arguments
};

// One rank per GPU if this build can use them, else one per kCoresPerRank cores that this process
// may run on.
inline constexpr int kCoresPerRank = 8;
int64_t choose_num_ranks();

// mpirun's arguments, its name first. `program` is the binary that every rank runs; `is_set` says
// whether a variable is in the environment (those that matter are passed on to other hosts).
std::vector<std::string> mpirun_arguments(const LaunchOptions& options, const std::string& program,
                                          bool (*is_set)(const char* variable));

// Runs `arguments` as a child until it ends and returns its exit code (128 + the signal's number
// if a signal ended it). Throws ConfigError if the program cannot be started.
//
// SIGINT (Ctrl-C), SIGTERM, SIGHUP and SIGUSR1, the requests to stop, reach the ranks as SIGUSR1,
// because after the others mpirun gives ranks only a second. A second SIGINT or SIGTERM is
// forwarded as SIGTERM, but not a SIGINT within a second of the first request. Signals that this
// process was started to ignore (nohup) stay ignored. The child leads its own process group, so
// that a terminal's signals reach only this process, and gets a SIGTERM if this process is killed.
//
// What the child writes on standard error is passed on, without mpirun's notes on exit codes
// (ExitNoteFilter). If it cannot be passed on, because nobody reads this process's standard error
// any more, the ranks are asked to stop; mpirun itself would end them at once.
int run_and_forward_signals(const std::vector<std::string>& arguments);

}  // namespace dermatome
