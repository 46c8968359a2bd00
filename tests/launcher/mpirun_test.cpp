#include "launcher/mpirun.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstring>

#include "launcher/exit_codes.h"
#include "src/core/error.h"
#include "tests/launcher/run_command.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

bool nothing_is_set(const char* /*variable*/) { return false; }
bool threads_are_set(const char* variable) { return std::strcmp(variable, "OMP_NUM_THREADS") == 0; }

TEST(MpirunArguments, StartTheProgramOnThisMachine) {
  EXPECT_THAT(mpirun_arguments({3, "", {"train", "a b.yaml"}}, "/opt/dermatome", nothing_is_set),
              ElementsAre("mpirun", "--oversubscribe", "--bind-to", "none", "-n", "3",
                          "/opt/dermatome", "train", "a b.yaml"));
}

TEST(MpirunArguments, FillTheSlotsOfHostsAndPassVariablesOn) {
  EXPECT_THAT(mpirun_arguments({0, "a:2,b:2", {"train"}}, "/opt/dermatome", threads_are_set),
              ElementsAre("mpirun", "--oversubscribe", "--bind-to", "none", "--host", "a:2,b:2",
                          "-x", "OMP_NUM_THREADS", "/opt/dermatome", "train"));
}

TEST(RunAndForwardSignals, GivesTheChildsExitCode) {
  EXPECT_EQ(run_and_forward_signals({"bash", "-c", "exit 42"}), 42);
  EXPECT_EQ(run_and_forward_signals({"bash", "-c", "kill -KILL $$"}), 128 + 9);
}

TEST(RunAndForwardSignals, NamesAProgramThatIsNotThere) {
  try {
    run_and_forward_signals({"no-such-mpirun"});
    FAIL() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no-such-mpirun cannot be started: No such file"));
  }
}

TEST(RunAndForwardSignals, TurnsTheFirstSigtermIntoSigusr1) {
  EXPECT_EQ(run_and_forward_signals(
                {"bash", "-c",
                 "trap 'exit 1' USR1; trap 'exit 2' TERM; kill -TERM $PPID; sleep 20 & wait"}),
            1);
}

TEST(RunAndForwardSignals, PassesTheSecondSigtermOnUnchanged) {
  EXPECT_EQ(run_and_forward_signals(
                {"bash", "-c",
                 "trap 'kill -TERM $PPID' USR1; trap 'exit 2' TERM; kill -TERM $PPID; "
                 "while sleep 0.05; do :; done"}),
            2);
}

// A key that is pressed twice at once asks once.
TEST(RunAndForwardSignals, TakesTwoQuickInterruptsForOne) {
  const auto before = std::signal(SIGINT, SIG_DFL);
  // Half a second after the second interrupt no SIGTERM has come.
  EXPECT_EQ(
      run_and_forward_signals(
          {"bash", "-c",
           "n=0; trap 'kill -INT $PPID; n=1' USR1; trap 'exit 2' TERM; kill -INT $PPID; "
           "while sleep 0.05; do [ $n -gt 0 ] && n=$((n + 1)); [ $n -gt 10 ] && exit 1; done"}),
      1);
  std::signal(SIGINT, before);
}

TEST(RunAndForwardSignals, TurnsAClosedTerminalIntoSigusr1) {
  std::signal(SIGHUP, SIG_DFL);
  EXPECT_EQ(run_and_forward_signals(
                {"bash", "-c", "trap 'exit 1' USR1; kill -HUP $PPID; sleep 20 & wait"}),
            1);
}

TEST(RunAndForwardSignals, LeavesAloneWhatThisProcessIgnores) {
  const auto before = std::signal(SIGHUP, SIG_IGN);  // as nohup does
  EXPECT_EQ(run_and_forward_signals(
                {"bash", "-c", "trap 'exit 1' USR1; kill -HUP $PPID; sleep 0.3; exit 5"}),
            5);
  std::signal(SIGHUP, before);
}

TEST(RunAndForwardSignals, PassesTheChildsLogOn) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(run_and_forward_signals({"bash", "-c", "echo one >&2; echo -n two >&2; exit 3"}), 3);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "one\ntwo");
}

TEST(RunAndForwardSignals, EndsWithItsChildEvenIfAGrandchildKeepsTheLogOpen) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(run_and_forward_signals({"bash", "-c", "sleep 20 & exit 4"}), 4);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
}

TEST(RunAndForwardSignals, AsksToStopIfNobodyReadsTheLog) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int log = dup(STDERR_FILENO);
  const auto before = std::signal(SIGPIPE, SIG_IGN);  // as main() does
  dup2(ends[1], STDERR_FILENO);
  close(ends[0]);
  const int code =
      run_and_forward_signals({"bash", "-c", "trap 'exit 7' USR1; echo line >&2; sleep 20 & wait"});
  dup2(log, STDERR_FILENO);
  for (const int each : {log, ends[1]}) close(each);
  std::signal(SIGPIPE, before);
  EXPECT_EQ(code, 7);
}

TEST(Launch, PrintsAndRunsTheCommandOnRanksAndPassesTheExitCodeOn) {
  const CommandResult result =
      run_command(DERMATOME_BINARY " launch --ranks 2 verify '/no such file' --max-problems 1");
  EXPECT_EQ(result.exit_code, kExitData) << result.output;
  EXPECT_THAT(result.output, HasSubstr("mpirun --oversubscribe --bind-to none -n 2 "));
  EXPECT_THAT(result.output, HasSubstr("verify '/no such file' --max-problems 1"));
  EXPECT_THAT(result.output, HasSubstr("| rank 0 | error | /no such file"));
  EXPECT_THAT(result.output, Not(HasSubstr("aborted")));
  EXPECT_THAT(result.output, Not(HasSubstr("-----")));
}

TEST(Launch, RefusesAWrongCommandBeforeItStartsRanks) {
  struct Case {
    std::string command;
    std::string words;
  };
  for (const auto& [command, words] :
       {Case{"trian c.yaml", R"("trian" is no command; the nearest one is "train")"},
        Case{
            "evaluate --benchmark b.yaml --chekpoint c",
            R"("--chekpoint" is no option of dermatome evaluate; the nearest one is --checkpoint)"},
        Case{"train " DERMATOME_SOURCE_DIR "/configs/quickstart.yaml batch_size=7",
             "batch_size 7 (the global batch) is not divisible by the 2 ranks; change batch_size"},
        Case{"train '/no such file' x=1", "/no such file: No such file or directory"},
        Case{"probe --normalise", "--normalise: is called --normalize now"}}) {
    const CommandResult result = run_command(DERMATOME_BINARY " launch --ranks 2 " + command);
    EXPECT_EQ(result.exit_code, kExitUsage) << result.output;
    EXPECT_THAT(result.output, AllOf(HasSubstr(words), Not(HasSubstr("mpirun"))));
    EXPECT_EQ(num_error_lines(result), 1) << result.output;
  }
}

TEST(Launch, KnowsItsOwnOptionsAndHelpsWithTheCommands) {
  EXPECT_THAT(
      run_command(DERMATOME_BINARY " launch --rnaks 2 train c.yaml").output,
      HasSubstr(R"("--rnaks" is no option of dermatome launch; the nearest one is --ranks)"));
  const CommandResult help = run_command(DERMATOME_BINARY " launch --ranks 2 train --help");
  EXPECT_EQ(help.exit_code, kExitOk) << help.output;
  EXPECT_THAT(help.output, AllOf(HasSubstr("Usage: dermatome train"), Not(HasSubstr("mpirun"))));
}

TEST(Launch, RefusesRanksThatAreNoNumber) {
  for (const char* ranks : {"0", "-1", "two", "2x"}) {
    const CommandResult result =
        run_command(std::string(DERMATOME_BINARY " launch --ranks ") + ranks + " train c.yaml");
    EXPECT_EQ(result.exit_code, kExitUsage) << result.output;
    EXPECT_THAT(result.output, HasSubstr(ranks));
  }
}

}  // namespace
}  // namespace dermatome
