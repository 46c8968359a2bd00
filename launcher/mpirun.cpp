#include "launcher/mpirun.h"

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>
#include <iterator>
#include <optional>

#include "launcher/exit_note_filter.h"
#include "src/core/cores.h"
#include "src/core/error.h"
#include "src/core/live_line.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Variables that a rank on another host must see as this process does.
constexpr std::array kForwarded = {
    "LD_LIBRARY_PATH",       "OMP_NUM_THREADS", "GLOO_SOCKET_IFNAME", "HDF5_USE_FILE_LOCKING",
    "NCCL_SOCKET_IFNAME",    "NCCL_IB_HCA",     "NCCL_DEBUG",         "CUDA_VISIBLE_DEVICES",
    "DERMATOME_REQUIRE_GPU", kStdoutColumns,    kStderrColumns};

// For the signal handler.
volatile pid_t child = 0;
volatile std::sig_atomic_t stop_requested = 0;
volatile std::sig_atomic_t on_terminal = 0;
std::atomic<int64_t> stop_requested_at = 0;  // in milliseconds of the steady clock
static_assert(std::atomic<int64_t>::is_always_lock_free);

// A key that is pressed twice at once asks once.
constexpr int64_t kSameRequestMs = 1000;

int64_t milliseconds_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{now.tv_sec} * 1000 + now.tv_nsec / 1'000'000;
}

void ask_to_stop() {
  stop_requested = 1;
  stop_requested_at = milliseconds_now();
  kill(child, SIGUSR1);
}

bool is_same_request() { return milliseconds_now() - stop_requested_at < kSameRequestMs; }

void forward(int signal) {
  const int interrupted_errno = errno;  // of the work that this handler interrupts
  // On a terminal, a progress bar that may be drawn on this line is erased first.
  constexpr char kSaid[] = "\r\033[Kasked the ranks to stop; asking again ends them at once\n";
  constexpr size_t kErase = 4;
  if (signal == SIGUSR1 || signal == SIGUSR2) {
    kill(child, signal);
  } else if (stop_requested == 0) {
    ask_to_stop();
    const size_t from = on_terminal != 0 ? 0 : kErase;
    [[maybe_unused]] const ssize_t put =
        write(STDERR_FILENO, kSaid + from, sizeof(kSaid) - 1 - from);
  } else if (signal == SIGTERM || (signal == SIGINT && !is_same_request())) {
    kill(child, SIGTERM);
  }
  errno = interrupted_errno;
}

// Forwards signals while it lives. Those that come before the child is known wait.
class SignalForwarding {
 public:
  SignalForwarding() {
    sigset_t waiting;
    sigemptyset(&waiting);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2}) {
      struct sigaction action = {};
      sigaction(signal, nullptr, &action);
      if (action.sa_handler == SIG_IGN) continue;
      signals_.push_back(signal);
      sigaddset(&waiting, signal);
    }
    sigprocmask(SIG_BLOCK, &waiting, &previous_);
  }
  ~SignalForwarding() { handle({}); }
  SignalForwarding(const SignalForwarding&) = delete;
  SignalForwarding& operator=(const SignalForwarding&) = delete;

  void begin() {
    stop_requested = 0;
    on_terminal = isatty(STDERR_FILENO);
    struct sigaction action = {};
    action.sa_handler = forward;
    action.sa_flags = SA_RESTART;
    handle(action);
    unblock();
  }
  void unblock() { sigprocmask(SIG_SETMASK, &previous_, nullptr); }

 private:
  void handle(const struct sigaction& action) {
    for (const int signal : signals_) sigaction(signal, &action, nullptr);
  }

  std::vector<int> signals_;
  sigset_t previous_ = {};
};

// False if nobody can read standard error any more.
bool write_to_log(std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = write(STDERR_FILENO, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0 && errno == EAGAIN) {
      pollfd room = {STDERR_FILENO, POLLOUT, 0};
      poll(&room, 1, /*timeout=*/1000);
      continue;
    }
    if (put < 0) return false;
    text.remove_prefix(static_cast<size_t>(put));
  }
  return true;
}

// The status with which the child has ended; nullopt: it still runs.
std::optional<int> status_of_child(int options) {
  int status = 0;
  for (;;) {
    const pid_t ended = waitpid(child, &status, options);
    if (ended == child) return status;
    if (ended == 0) return std::nullopt;
    require(errno == EINTR, "waitpid failed");
  }
}

// Passes on what the child writes, which can be read at `output`. Returns its status when it has
// ended, even if another process still holds the other end of `output`.
int pass_on_until_end(int output) {
  ExitNoteFilter filter;
  std::optional<int> status;
  char bytes[4096];
  for (;;) {
    pollfd readable = {output, POLLIN, 0};
    constexpr int kLookAfterMs = 200;
    const int ready = poll(&readable, 1, status ? 0 : kLookAfterMs);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      if (status) break;
      status = status_of_child(WNOHANG);
      continue;
    }
    const ssize_t got = read(output, bytes, sizeof(bytes));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    const bool passed = write_to_log(filter.pass({bytes, static_cast<size_t>(got)}));
    if (!passed && stop_requested == 0) ask_to_stop();
  }
  write_to_log(filter.rest());
  return status ? *status : *status_of_child(0);
}

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
  int output_pipe[2];
  require(pipe2(error_pipe, O_CLOEXEC) == 0 && pipe2(output_pipe, O_CLOEXEC) == 0, "pipe2 failed");
  SignalForwarding forwarding;
  const pid_t own = getpid();
  child = fork();
  require(child >= 0, "fork failed");
  if (child == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != own) _exit(126);
    dup2(output_pipe[1], STDERR_FILENO);
    // main() ignores them (launcher/failure.h), and ignored signals stay ignored.
    for (const int signal : {SIGPIPE, SIGXFSZ}) std::signal(signal, SIG_DFL);
    forwarding.unblock();
    execute(arguments, error_pipe[1]);
  }
  forwarding.begin();
  close(error_pipe[1]);
  close(output_pipe[1]);
  int reason = 0;
  const bool failed = read(error_pipe[0], &reason, sizeof(reason)) == sizeof(reason);
  close(error_pipe[0]);
  const int status = pass_on_until_end(output_pipe[0]);
  close(output_pipe[0]);
  if (failed) {
    throw ConfigError(text(arguments[0], " cannot be started: ", std::strerror(reason),
                           "; install Open MPI, or start the ranks with srun or torchrun"));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace dermatome
