#include "launcher/mpirun.h"

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <iterator>

#include "src/core/cores.h"
#include "src/core/error.h"
#include "src/core/live_line.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Variables that a rank on another host must see as this process does.
constexpr std::array kForwarded = {
    "LD_LIBRARY_PATH",    "OMP_NUM_THREADS", "GLOO_SOCKET_IFNAME", "HDF5_USE_FILE_LOCKING",
    "NCCL_SOCKET_IFNAME", "NCCL_IB_HCA",     "NCCL_DEBUG",         "CUDA_VISIBLE_DEVICES",
    kStdoutColumns,       kStderrColumns};

// For the signal handler.
volatile pid_t child = 0;
volatile std::sig_atomic_t stop_requested = 0;

void forward(int signal) {
  constexpr char kSaid[] = "asked the ranks to stop; asking again ends them at once\n";
  const bool is_request = signal == SIGINT || signal == SIGTERM;
  if (!is_request) {
    kill(child, signal);
  } else if (stop_requested != 0) {
    kill(child, SIGTERM);
  } else {
    stop_requested = 1;
    kill(child, SIGUSR1);
    [[maybe_unused]] const ssize_t put = write(STDERR_FILENO, kSaid, sizeof(kSaid) - 1);
  }
}

// Forwards signals while it lives. Those that come before the child is known wait.
class SignalForwarding {
 public:
  SignalForwarding() {
    sigemptyset(&signals_);
    for (const int signal : kSignals) sigaddset(&signals_, signal);
    sigprocmask(SIG_BLOCK, &signals_, &previous_);
  }
  ~SignalForwarding() { handle({}); }
  SignalForwarding(const SignalForwarding&) = delete;
  SignalForwarding& operator=(const SignalForwarding&) = delete;

  void begin() {
    stop_requested = 0;
    struct sigaction action = {};
    action.sa_handler = forward;
    action.sa_flags = SA_RESTART;
    handle(action);
    unblock();
  }
  void unblock() { sigprocmask(SIG_SETMASK, &previous_, nullptr); }

 private:
  static constexpr std::array kSignals = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};

  static void handle(const struct sigaction& action) {
    for (const int signal : kSignals) sigaction(signal, &action, nullptr);
  }

  sigset_t signals_ = {};
  sigset_t previous_ = {};
};

[[noreturn]] void execute(const std::vector<std::string>& arguments, int error_pipe) {
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) {
    pointers.push_back(const_cast<char*>(argument.c_str()));
  }
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  const int reason = errno;
  if (write(error_pipe, &reason, sizeof(reason)) < 0) _exit(126);
  _exit(127);
}

}  // namespace

int64_t choose_num_ranks() {
  if (at::hasCUDA()) {
    return c10::impl::VirtualGuardImpl(c10::DeviceType::CUDA).deviceCount();
  }
  return std::max<int64_t>(1, std::ssize(allowed_cores()) / kCoresPerRank);
}

std::vector<std::string> mpirun_arguments(const LaunchOptions& options, const std::string& program,
                                          bool (*is_set)(const char* variable)) {
  // Ranks divide the cores among themselves (launcher/placement.h), so none is bound.
  std::vector<std::string> arguments = {"mpirun", "--oversubscribe", "--bind-to", "none"};
  if (options.num_ranks > 0) {
    arguments.insert(arguments.end(), {"-n", text(options.num_ranks)});
  }
  if (!options.hosts.empty()) {
    arguments.insert(arguments.end(), {"--host", options.hosts});
    for (const char* variable : kForwarded) {
      if (is_set(variable)) arguments.insert(arguments.end(), {"-x", variable});
    }
  }
  arguments.push_back(program);
  arguments.insert(arguments.end(), options.command.begin(), options.command.end());
  return arguments;
}

int run_and_forward_signals(const std::vector<std::string>& arguments) {
  int error_pipe[2];
  require(pipe2(error_pipe, O_CLOEXEC) == 0, "pipe2 failed");
  SignalForwarding forwarding;
  const pid_t own = getpid();
  child = fork();
  require(child >= 0, "fork failed");
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != own) _exit(126);
    forwarding.unblock();
    execute(arguments, error_pipe[1]);
  }
  forwarding.begin();
  close(error_pipe[1]);
  int reason = 0;
  const bool failed = read(error_pipe[0], &reason, sizeof(reason)) == sizeof(reason);
  close(error_pipe[0]);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) require(errno == EINTR, "waitpid failed");
  if (failed) {
    throw ConfigError(text(arguments[0], " cannot be started: ", std::strerror(reason),
                           "; install Open MPI, or start the ranks with srun or torchrun"));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace dermatome
