#include "launcher/exit_note_filter.h"

#include <algorithm>
#include <utility>

namespace dermatome {
namespace {

constexpr size_t kShortestRule = 20;
constexpr int kLongestNote = 12;  // lines; what is longer is none

bool is_dashes(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c == '-'; });
}

bool is_rule(std::string_view line) { return line.size() > kShortestRule && is_dashes(line); }

// Open MPI 4 says "mpirun detected", Open MPI 5 "prterun detected".
bool begins_exit_note(std::string_view line) {
  return line.starts_with("Primary job ") || line.starts_with("Child job ") ||
         line.find("run detected that one or more processes exited with") != line.npos;
}

}  // namespace

std::string ExitNoteFilter::end_of_line() {
  const std::string line = std::exchange(line_, "");
  const bool whole = !std::exchange(line_shown_, false);
  const std::string_view words = std::string_view(line).substr(0, line.size() - 1);
  if (lines_of_note_ > 0) {
    const bool ends = is_rule(words) || ++lines_of_note_ > kLongestNote;
    if (ends) lines_of_note_ = 0;
    return "";
  }
  const std::string rule = std::exchange(rule_, "");
  if (!rule.empty() && begins_exit_note(words)) {
    lines_of_note_ = 1;
    return "";
  }
  if (whole && rule.empty() && is_rule(words)) {
    rule_ = line;
    return "";
  }
  return rule + line;
}

std::string ExitNoteFilter::pass(std::string_view bytes) {
  std::string shown;
  for (const char c : bytes) {
    line_ += c;
    if (c == '\n') shown += end_of_line();
  }
  // Progress bars end without a new line.
  if (rule_.empty() && lines_of_note_ == 0 && !line_.empty() &&
      (line_shown_ || !is_dashes(line_))) {
    shown += std::exchange(line_, "");
    line_shown_ = true;
  }
  return shown;
}

std::string ExitNoteFilter::rest() {
  return lines_of_note_ > 0 ? "" : std::exchange(rule_, "") + std::exchange(line_, "");
}

}  // namespace dermatome
