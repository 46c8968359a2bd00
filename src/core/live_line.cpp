#include "src/core/live_line.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "src/core/text.h"

namespace dermatome {
namespace {

// Back to the first column; delete to the end of the line.
constexpr const char* kErase = "\r\033[K";

std::atomic<bool> is_allowed{false};
struct State {
  std::mutex mutex;   // held while something is written
  std::string drawn;  // empty: no line is drawn
};

// Never destroyed: threads may log while the process ends.
State& state() {
  static auto* const kState = new State;
  return *kState;
}

int columns_of_terminal(int descriptor) {
  if (isatty(descriptor) != 1) return 0;
  // Open MPI gives its ranks a terminal without a size as standard output, also where the output
  // goes to a file.
  winsize size = {};
  return ioctl(descriptor, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

const char* variable_of(int descriptor) {
  return descriptor == STDOUT_FILENO ? kStdoutColumns : kStderrColumns;
}

// In one piece, so that a pipe forwards it as one.
void write_error(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

int terminal_columns(int descriptor) {
  const int columns = columns_of_terminal(descriptor);
  if (columns > 0) return columns;
  const char* told = std::getenv(variable_of(descriptor));
  return told == nullptr ? 0 : std::max(0, std::atoi(told));
}

void pass_terminal_on() {
  for (const int descriptor : {STDOUT_FILENO, STDERR_FILENO}) {
    const int columns = columns_of_terminal(descriptor);
    if (columns > 0) {
      setenv(variable_of(descriptor), text(columns).c_str(), 1);
    } else {
      unsetenv(variable_of(descriptor));
    }
  }
}

void allow_live_line(bool allowed) { is_allowed = allowed; }

bool live_line_shown() { return is_allowed && terminal_columns(STDERR_FILENO) > 0; }

void draw_live_line(const std::string& line) {
  if (!live_line_shown()) return;
  // A line that fills the last column would make some terminals begin another one.
  const auto width = static_cast<size_t>(terminal_columns(STDERR_FILENO) - 1);
  const std::lock_guard lock(state().mutex);
  state().drawn = line.substr(0, width);
  write_error(kErase + state().drawn);
}

void clear_live_line() {
  const std::lock_guard lock(state().mutex);
  if (state().drawn.empty()) return;
  state().drawn.clear();
  write_error(kErase);
}

AboveLiveLine::AboveLiveLine() : lock_(state().mutex) {
  // Another rank may have drawn the line that stands there.
  if (!state().drawn.empty() || (!is_allowed && terminal_columns(STDERR_FILENO) > 0))
    write_error(kErase);
}

AboveLiveLine::~AboveLiveLine() {
  if (!state().drawn.empty()) write_error(state().drawn);
}

}  // namespace dermatome
