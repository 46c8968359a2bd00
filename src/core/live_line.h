// A line at the bottom of a terminal that is written again and again while work goes on. Log lines
// appear above it. It is on standard error, and only where this is a terminal.
#pragma once

#include <mutex>
#include <string>

namespace dermatome {

// The columns of the terminal that shows what this process writes to `descriptor`, STDOUT_FILENO or
// STDERR_FILENO; 0: no terminal shows it. A rank's output is a pipe of mpirun, and a variable of
// pass_terminal_on() says where it ends.
int terminal_columns(int descriptor);

// The variables by which a launcher tells its ranks that a terminal shows their output.
inline constexpr const char* kStdoutColumns = "DERMATOME_STDOUT_COLUMNS";
inline constexpr const char* kStderrColumns = "DERMATOME_STDERR_COLUMNS";

// Tells the programs that this process starts, whose output it forwards, which of its outputs a
// terminal shows.
void pass_terminal_on();

// Whether this process may draw: of several ranks one does. initialize_logging() calls it.
void allow_live_line(bool allowed);
// Whether draw_live_line() has an effect.
bool live_line_shown();

// Draws `line`, cut to the terminal's width, in the place of the one that is there. Any thread.
void draw_live_line(const std::string& line);
void clear_live_line();

// While it lives, there is no live line, so that whole lines can be written to the terminal. Then
// the line is drawn again. At most one per thread. No message may be logged, and nothing thrown
// that is reported, while it lives: messages wait for its end.
class AboveLiveLine {
 public:
  AboveLiveLine();
  ~AboveLiveLine();
  AboveLiveLine(const AboveLiveLine&) = delete;
  AboveLiveLine& operator=(const AboveLiveLine&) = delete;

 private:
  std::unique_lock<std::mutex> lock_;
};

}  // namespace dermatome
