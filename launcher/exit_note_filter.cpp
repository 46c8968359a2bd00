#include "launcher/exit_note_filter.h"

#include <algorithm>
#include <utility>

namespace dermatome {
namespace {

constexpr size_t kShortestRule = 20;
constexpr int kLongestNote = 12;  // lines; what is longer is none

// Where the dashes at the end of `text` begin. mpirun's line of dashes may follow a progress bar.
size_t begin_of_dashes(std::string_view text) { return text.find_last_not_of('-') + 1; }

// Open MPI 4 says "mpirun detected", Open MPI 5 "prterun detected".
bool begins_exit_note(std::string_view line) {
  return line.starts_with("Primary job ") || line.starts_with("Child job ") ||
         line.find("run detected that one or more processes exited with") != line.npos;
}

bool fits(char c, char form) { return form == '0' ? c >= '0' && c <= '9' : c == form; }

// Where a line of a log begins (src/core/log.h), with what erases a progress bar in front of it;
// npos if there is none.
size_t begin_of_log_line(std::string_view line) {
  constexpr std::string_view kForm = "0000-00-00,00:00:00 | ";
  constexpr std::string_view kErase = "\r\033[K";
  const auto found = std::ranges::search(line, kForm, fits);
  if (found.empty()) return line.npos;
  const auto begin = static_cast<size_t>(found.begin() - line.begin());
  return line.substr(0, begin).ends_with(kErase) ? begin - kErase.size() : begin;
}

}  // namespace

std::string ExitNoteFilter::end_of_line() {
  const std::string line = std::exchange(line_, "");
  const std::string_view words = std::string_view(line).substr(0, line.size() - 1);
  const size_t dashes = begin_of_dashes(words);
  const bool is_rule = words.size() - dashes > kShortestRule;
  const size_t log_line = begin_of_log_line(words);
  // A rank may write while mpirun writes its note.
  if (!rule_.empty() && log_line != line.npos) return line;
  if (lines_of_note_ > 0) {
    if (log_line != line.npos) return line.substr(log_line);
    const bool ends = is_rule || ++lines_of_note_ > kLongestNote;
    if (ends) lines_of_note_ = 0;
    return "";
  }
  const std::string rule = std::exchange(rule_, "");
  if (!rule.empty() && begins_exit_note(words)) {
    lines_of_note_ = 1;
    return "";
  }
  if (!is_rule || !rule.empty()) return rule + line;
  rule_ = line.substr(dashes);
  return line.substr(0, dashes);
}

std::string ExitNoteFilter::pass(std::string_view bytes) {
  std::string shown;
  for (const char c : bytes) {
    line_ += c;
    if (c == '\n') shown += end_of_line();
  }
  // Progress bars end without a new line.
  if (rule_.empty() && lines_of_note_ == 0) {
    const size_t dashes = begin_of_dashes(line_);
    shown += line_.substr(0, dashes);
    line_.erase(0, dashes);
  }
  return shown;
}

std::string ExitNoteFilter::rest() {
  return lines_of_note_ > 0 ? "" : std::exchange(rule_, "") + std::exchange(line_, "");
}

}  // namespace dermatome
