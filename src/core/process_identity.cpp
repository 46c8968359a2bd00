#include "src/core/process_identity.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "src/core/clock.h"
#include "src/core/environment_variable.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string own_numbers() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/ns/pid", ignored).string();
}

std::string own_machine() { return first_line("/proc/sys/kernel/random/boot_id"); }

struct ProcessState {
  char state = ' ';     // as ps shows it
  int64_t started = 0;  // 0: not known
};

// What /proc says of a process. The second field is its program's name in brackets, which may hold
// spaces and brackets.
ProcessState state_of(int64_t process) {
  const std::string line = first_line(text("/proc/", process, "/stat"));
  const size_t name_end = line.rfind(')');
  ProcessState found;
  if (name_end == std::string::npos) return found;
  std::istringstream fields(line.substr(name_end + 1));
  fields >> found.state;
  std::string field;
  for (int i = 4; i <= 22; ++i) fields >> field;
  std::from_chars(field.data(), field.data() + field.size(), found.started);
  return found;
}

}  // namespace

std::string host_name() {
  std::array<char, 256> host{};
  gethostname(host.data(), host.size() - 1);
  return host.data();
}

ProcessIdentity own_identity() {
  ProcessIdentity self;
  self.host = host_name();
  self.process = ::getpid();
  self.started = state_of(self.process).started;
  self.machine = own_machine();
  self.numbers = own_numbers();
  self.job = environment_variable("SLURM_JOB_ID");
  self.cluster = environment_variable("SLURM_CLUSTER_NAME");
  const std::string restarts = environment_variable("SLURM_RESTART_COUNT");
  std::from_chars(restarts.data(), restarts.data() + restarts.size(), self.restarts);
  self.since = utc_time();
  std::random_device random;
  self.token = format("%08x%08x", random(), random());
  return self;
}

std::string describe(const ProcessIdentity& process) {
  const std::string job = process.job.empty() ? "" : text(" (Slurm job ", process.job, ")");
  return text("process ", process.process, " on host ", process.host, job, ", since ",
              process.since);
}

bool can_look_up(const ProcessIdentity& other) {
  return !other.machine.empty() && !other.numbers.empty() && other.machine == own_machine() &&
         other.numbers == own_numbers();
}

bool is_running(const ProcessIdentity& process) {
  if (::kill(static_cast<pid_t>(process.process), 0) != 0 && errno == ESRCH) return false;
  const ProcessState now = state_of(process.process);
  if (now.state == 'Z' || now.state == 'X')
    return false;  // it has ended; its parent has not looked
  return now.started == 0 || process.started == 0 || now.started == process.started;
}

}  // namespace dermatome
