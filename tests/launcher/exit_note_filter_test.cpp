#include "launcher/exit_note_filter.h"

#include <gtest/gtest.h>

#include <string>

namespace dermatome {
namespace {

const std::string kRule(74, '-');

std::string between_rules(const std::string& text) { return kRule + "\n" + text + kRule + "\n"; }

const std::string kAborted = between_rules(
    "Primary job  terminated normally, but 1 process returned\n"
    "a non-zero exit code. Per user-direction, the job has been aborted.\n");
const std::string kDetected = between_rules(
    "mpirun detected that one or more processes exited with non-zero status, thus causing\n"
    "the job to be terminated. The first process to do so was:\n\n"
    "  Process name: [[11981,1],0]\n  Exit code:    75\n");
const std::string kKilled = between_rules(
    "mpirun noticed that process rank 1 with PID 0 on node n2 exited on signal 9 (Killed).\n");

// What is shown of a text that comes in parts of `size` bytes.
std::string shown(const std::string& text, size_t size) {
  ExitNoteFilter filter;
  std::string result;
  for (size_t at = 0; at < text.size(); at += size) result += filter.pass(text.substr(at, size));
  return result + filter.rest();
}

TEST(ExitNoteFilter, LeavesOutNotesOnExitCodesAlone) {
  for (const size_t size : {size_t{1}, size_t{7}, size_t{10000}}) {
    EXPECT_EQ(shown("one\n" + kAborted + "two\n" + kDetected, size), "one\ntwo\n") << size;
    EXPECT_EQ(shown(kAborted + kKilled + "end", size), kKilled + "end") << size;
  }
}

TEST(ExitNoteFilter, ChangesNothingElse) {
  const std::string dashes = kRule + "\n" + kRule + "\n-\n--\n\n";
  for (const std::string& text :
       {std::string("-- a list\n- x\n"), dashes, "text " + kRule + "\nsecondary job \n", kRule,
        kRule + "\nsomething else\n" + kRule}) {
    EXPECT_EQ(shown(text, 3), text);
    EXPECT_EQ(shown(text, 1000), text);
  }
}

TEST(ExitNoteFilter, ShowsAProgressBarAtOnceAndFindsTheNoteBehindIt) {
  ExitNoteFilter filter;
  const std::string bar = "\r\033[K[##--] 5 s left";
  EXPECT_EQ(filter.pass(bar), bar);
  EXPECT_EQ(filter.pass(kAborted + "end\n"), "end\n");
  for (const size_t size : {size_t{1}, size_t{7}, size_t{10000}}) {
    EXPECT_EQ(shown(bar + kAborted + bar + kDetected, size), bar + bar) << size;
    EXPECT_EQ(shown(bar + kKilled, size), bar + kKilled) << size;
  }
}

TEST(ExitNoteFilter, ShowsLogLinesOfRanksInsideANote) {
  const std::string line = "2026-01-31,12:00:00 | rank 1 | \033[31merror\033[m | step 3: no\n";
  for (const std::string& log : {line, "\r\033[K" + line, line + line}) {
    for (const std::string& note : {kAborted, kDetected}) {
      // Behind each line of the note but the last.
      for (size_t at = note.find('\n') + 1; at < note.size(); at = note.find('\n', at) + 1) {
        const std::string torn = note.substr(0, at) + log + note.substr(at);
        for (const size_t size : {size_t{1}, size_t{7}, size_t{10000}}) {
          EXPECT_EQ(shown("one\n" + torn + "two\n", size), "one\n" + log + "two\n") << torn;
        }
      }
    }
  }
  // mpirun may have begun a line of its own.
  const std::string begun = kRule + "\nPrimary job  terminated\na non-" + line;
  EXPECT_EQ(shown(begun + kRule + "\nend", 7), line + "end");
}

TEST(ExitNoteFilter, ShowsWhatFollowsANoteWithoutEnd) {
  const std::string note = kRule + "\nPrimary job  terminated\n";
  std::string lines;
  for (int i = 0; i < 40; ++i) lines += "line " + std::to_string(i) + "\n";
  EXPECT_NE(shown(note + lines, 64).find("line 20\n"), std::string::npos);
}

}  // namespace
}  // namespace dermatome
