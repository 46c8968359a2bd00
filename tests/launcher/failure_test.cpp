#include "launcher/failure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "launcher/exit_codes.h"
#include "tests/launcher/run_command.h"

namespace dermatome {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::Not;

// Seconds; far below the 60 s that the failing rank's destructor takes, and below the timeout.
constexpr double kSoon = 15;

CommandResult run_ranks_of(int num_ranks, const std::string& mode, int timeout_seconds = 60) {
  return run_command(std::string(DERMATOME_SOURCE_DIR "/tests/support/mpirun.sh ") +
                     std::to_string(num_ranks) + " " FAILING_RANK " " + mode + " " +
                     std::to_string(timeout_seconds));
}

// torchrun's variables for two ranks that meet at a free port.
std::string two_ranks() {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* name = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(bind(listener, name, size), 0);
  EXPECT_EQ(getsockname(listener, name, &size), 0);
  close(listener);
  return "WORLD_SIZE=2 LOCAL_WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=" +
         std::to_string(ntohs(address.sin_port)) + " ";
}

TEST(Ranks, EndWellTogether) {
  const CommandResult result = run_ranks_of(3, "ok");
  EXPECT_EQ(result.exit_code, kExitOk) << result.output;
  EXPECT_THAT(result.output, HasSubstr("sum 18"));
  EXPECT_THAT(result.output, HasSubstr("rank 2: host "));
  EXPECT_THAT(result.output, HasSubstr(" shared by 3 ranks, "));
  EXPECT_THAT(result.output, HasSubstr("Gloo over 127.0.0.1"));
}

TEST(Ranks, AnErrorOnOneRankEndsAllWithItsReasonAndCode) {
  for (const int num_ranks : {2, 4}) {
    const CommandResult result = run_ranks_of(num_ranks, "data");
    EXPECT_EQ(result.exit_code, kExitData) << result.output;
    EXPECT_THAT(result.output, HasSubstr("shard 7, row 12: damaged image"));
    EXPECT_LT(result.seconds, kSoon);
    EXPECT_THAT(result.output, HasSubstr("| rank " + std::to_string(num_ranks - 1) + " | error"));
    EXPECT_EQ(num_error_lines(result), 1) << result.output;
  }
}

TEST(Ranks, AnErrorOfAllRanksIsReportedByRank0Alone) {
  const CommandResult result = run_ranks_of(4, "all");
  EXPECT_EQ(result.exit_code, kExitUsage) << result.output;
  EXPECT_THAT(result.output, HasSubstr("| rank 0 | error | all ranks have this"));
  EXPECT_EQ(num_error_lines(result), 1) << result.output;
}

TEST(Ranks, AnErrorBeforeTheyMeetNamesTheRank) {
  const CommandResult result = run_ranks_of(3, "early");
  EXPECT_EQ(result.exit_code, kExitUsage) << result.output;
  EXPECT_THAT(result.output, HasSubstr("| rank 2 | error | only this rank has it"));
  EXPECT_EQ(num_error_lines(result), 1) << result.output;
}

// Imitates a launcher that, like plain srun, neither ends the others nor passes on the first code.
TEST(Ranks, ARankThatLostAPeerReportsLastAndHasTheLowestCode) {
  for (const auto& [mode, code] :
       {std::pair("data", kExitData), std::pair("storage", kExitStorage)}) {
    const std::string common = two_ranks();
    const std::string rank = std::string(" " FAILING_RANK " ") + mode + " 60";
    const CommandResult result =
        run_command(common + "RANK=0 LOCAL_RANK=0" + rank + " & " + common + "RANK=1 LOCAL_RANK=1" +
                    rank + "; echo cause $?; wait $!; echo peer $?");
    EXPECT_THAT(result.output, HasSubstr("cause " + std::to_string(code) + "\n"));
    EXPECT_THAT(result.output, HasSubstr("peer 1\n"));
    EXPECT_LT(result.output.find("| rank 1 | error | shard 7"),
              result.output.find("| rank 0 | error | rank 0 of 2, group main"))
        << result.output;
  }
}

TEST(Ranks, TheKindOfAnErrorDecidesTheCode) {
  EXPECT_EQ(run_command(FAILING_RANK " config 60").exit_code, kExitUsage);
  EXPECT_EQ(run_command(FAILING_RANK " internal 60").exit_code, kExitInternal);
  EXPECT_EQ(run_command(FAILING_RANK " storage 60").exit_code, kExitStorage);
  EXPECT_EQ(run_ranks_of(2, "stop").exit_code, kExitStopped);
}

TEST(Ranks, ALimitOfTheSizeOfFilesIsAnErrorThatNamesTheFile) {
  const CommandResult result = run_command(FAILING_RANK " limit 60");
  EXPECT_EQ(result.exit_code, kExitData) << result.output;
  EXPECT_THAT(result.output, ContainsRegex("cannot write /tmp/dermatome-limit-.*File too large"));
}

TEST(Ranks, AnErrorOnAThreadIsReportedAsWell) {
  const CommandResult result = run_ranks_of(2, "thread");
  EXPECT_EQ(result.exit_code, kExitData) << result.output;
  EXPECT_THAT(result.output, HasSubstr("thrown on a thread"));
}

// Imitates the thread of LibTorch that watches NCCL.
TEST(Ranks, AnErrorOfLibTorchsOwnThreadsMeansThatAPeerIsLost) {
  const CommandResult result = run_command(FAILING_RANK " nccl 60");
  EXPECT_EQ(result.exit_code, kExitPeerLost) << result.output;
  EXPECT_THAT(result.output, HasSubstr("timed out on stream 7"));
}

TEST(Ranks, LibTorchsErrorsComeWithoutTheirStack) {
  const CommandResult result = run_command(FAILING_RANK " torch 60");
  EXPECT_EQ(result.exit_code, kExitInternal);
  EXPECT_THAT(result.output, HasSubstr("unexpected error: shape '[3]' is invalid"));
  EXPECT_THAT(result.output, Not(HasSubstr("frame #")));
}

TEST(Ranks, AKilledRankEndsTheJob) {
  const CommandResult result = run_ranks_of(3, "kill");
  EXPECT_NE(result.exit_code, kExitOk) << result.output;
  EXPECT_THAT(result.output, HasSubstr("signal 9"));
  EXPECT_LT(result.seconds, kSoon);
}

TEST(Ranks, ARankThatNeverReachesMpiIsFoundByTheTimeoutOfTheOthers) {
  const CommandResult result = run_ranks_of(2, "absent", 2);
  EXPECT_EQ(result.exit_code, kExitPeerLost) << result.output;
  EXPECT_THAT(result.output, HasSubstr("the ranks did not meet within 2 s (runtime.timeout_s)"));
  EXPECT_LT(result.seconds, kSoon);
}

TEST(Ranks, AHungRankIsFoundByTheTimeoutOfTheOthers) {
  const CommandResult result = run_ranks_of(2, "hang", 3);
  EXPECT_EQ(result.exit_code, kExitPeerLost) << result.output;
  EXPECT_THAT(result.output, HasSubstr("rank 0 of 2, group main: all-reduce of second values [3]"));
  EXPECT_GT(result.seconds, 3);
  EXPECT_LT(result.seconds, kSoon);
}

TEST(Ranks, MeetThroughTorchrunsVariables) {
  const std::string common = two_ranks();
  const std::string rank = " " FAILING_RANK " ok 60";
  const CommandResult result = run_command(common + "RANK=1 LOCAL_RANK=1" + rank + " & " + common +
                                           "RANK=0 LOCAL_RANK=0" + rank + " && wait $!");
  EXPECT_EQ(result.exit_code, kExitOk) << result.output;
  EXPECT_THAT(result.output, HasSubstr("sum 6"));
}

TEST(Ranks, RefuseIncompleteVariables) {
  const CommandResult result = run_command("RANK=1 " FAILING_RANK " ok 60");
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.output, HasSubstr("WORLD_SIZE is not set"));
}

// Imitates the mpirun of MPICH for a binary that is built with Open MPI: each rank would be alone.
TEST(Ranks, RefuseTheLauncherOfAnotherMpi) {
  const CommandResult result = run_command("PMI_RANK=1 PMI_SIZE=2 " FAILING_RANK " ok 60");
  EXPECT_EQ(result.exit_code, kExitUsage) << result.output;
  EXPECT_THAT(result.output, HasSubstr("started 2 ranks, but the MPI of this binary knows of 1"));
}

}  // namespace
}  // namespace dermatome
