// How `dermatome launch` starts ranks: mpirun's command line, and a child that stands for the
// launcher towards signals and exit codes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

struct LaunchOptions {
  int64_t num_ranks = 0;             // 0: auto
  std::string hosts;                 // mpirun's HOST[:SLOTS],…; empty: this machine
  std::vector<std::string> command;  // of `dermatome`
};

// A rank per GPU where this build can use them, else per kCoresPerRank cores that this process
// may run on.
inline constexpr int kCoresPerRank = 8;
int64_t choose_num_ranks();

// mpirun's arguments, its name first. `program` is the binary that every rank runs; `is_set` says
// whether a variable is in the environment (those that matter are passed on to other hosts).
std::vector<std::string> mpirun_arguments(const LaunchOptions& options, const std::string& program,
                                          bool (*is_set)(const char* variable));

// Runs `arguments` as a child until it ends and returns its exit code (128 + the signal's number
// if a signal ended it). SIGINT (Ctrl-C), SIGTERM and SIGUSR1, the requests to stop, reach the
// ranks as SIGUSR1, because mpirun gives them only a second after the others; a second SIGINT or
// SIGTERM goes on as SIGTERM. The child leads a process group of its own, so that a terminal's
// signals come here alone, and gets a SIGTERM should this process be killed. Throws ConfigError
// when the program cannot be started.
int run_and_forward_signals(const std::vector<std::string>& arguments);

}  // namespace dermatome
