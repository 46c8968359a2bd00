// The binary before its ranks connect: the version, unknown commands, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "launcher/exit_codes.h"
#include "tests/launcher/run_command.h"

namespace dermatome {
namespace {

using testing::HasSubstr;

CommandResult run_dermatome(const std::string& arguments) {
  return run_command(std::string(DERMATOME_BINARY " ") + arguments);
}

TEST(Main, NamesAnUnknownCommandAndTheNearestOne) {
  const CommandResult result = run_dermatome("trian configs/quickstart.yaml");
  EXPECT_EQ(result.exit_code, kExitUsage);
  EXPECT_THAT(result.output, HasSubstr(R"("trian" is no command; the nearest one is "train")"));
  EXPECT_EQ(num_error_lines(result), 1) << result.output;
}

TEST(Main, ReportsWhatIsWrongBeforeThereAreRanks) {
  struct Case {
    std::string arguments;
    int code;
    std::string words;
  };
  for (const auto& [arguments, code, words] :
       {Case{"", kExitUsage, "subcommand"}, Case{"verify", kExitUsage, "data is required"},
        Case{"verify --mots x", kExitUsage, "--mots"},
        Case{"report run --pictures 3", kExitUsage, "--pictures: is called --images now"},
        Case{"probe --normalise", kExitUsage, "--normalise: is called --normalize now"},
        Case{"train /nowhere.yaml", kExitUsage, "/nowhere.yaml"},
        Case{"verify /nowhere", kExitData, "/nowhere"}}) {
    const CommandResult result = run_dermatome(arguments);
    EXPECT_EQ(result.exit_code, code) << result.output;
    EXPECT_THAT(result.output, HasSubstr(words));
    EXPECT_EQ(num_error_lines(result), 1) << result.output;
  }
}

TEST(Main, AnErrorOfAllRanksIsReportedByRank0Alone) {
  const CommandResult result =
      run_command(DERMATOME_SOURCE_DIR "/tests/support/mpirun.sh 3 " DERMATOME_BINARY " trian");
  EXPECT_EQ(result.exit_code, kExitUsage) << result.output;
  EXPECT_THAT(result.output,
              HasSubstr(R"(| rank 0 | error | command line: "trian" is no command)"));
  EXPECT_EQ(num_error_lines(result), 1) << result.output;
}

TEST(Main, SaysThatItsOutputCouldNotBeWritten) {
  const std::string tokenize = "yes word | head -n 200000 | " DERMATOME_BINARY " tokenize ";
  for (const char* output : {"> /dev/full", "| head -n 1 > /dev/null"}) {
    const CommandResult result =
        run_command("bash -c 'set -o pipefail; " + tokenize + output + "'");
    EXPECT_EQ(result.exit_code, kExitData) << result.output;
    EXPECT_THAT(result.output, HasSubstr("standard output cannot be written"));
  }
  const CommandResult result = run_command(DERMATOME_BINARY " --version > /dev/full");
  EXPECT_EQ(result.exit_code, kExitData) << result.output;
}

TEST(Main, NamesAFileThatALimitOfItsSizeStops) {
  const CommandResult result = run_command(
      "bash -c 'ulimit -f 2; cd " DERMATOME_SOURCE_DIR "; folder=$(mktemp -d); " DERMATOME_BINARY
      " shard --csv tests/fuzz/csv/make.csv --images tests/golden --short-side 24"
      " --num-subcaptions 2 --output $folder; code=$?; rm -r $folder; exit $code'");
  EXPECT_EQ(result.exit_code, kExitData) << result.output;
  EXPECT_THAT(result.output, testing::ContainsRegex("HDF5 cannot [a-z]+ /.*/shard-00000.h5"));
  EXPECT_EQ(num_error_lines(result), 1) << result.output;
}

TEST(Main, NamesAWorkingDirectoryThatWasDeleted) {
  const CommandResult result = run_command(
      "folder=$(mktemp -d) && cd $folder && rmdir $folder && " DERMATOME_BINARY " --version");
  EXPECT_EQ(result.exit_code, kExitUsage) << result.output;
  EXPECT_THAT(result.output, HasSubstr("the working directory has been deleted"));
}

TEST(Config, ExplainsChecksComparesAndTranslates) {
  const std::string file = DERMATOME_SOURCE_DIR "/configs/quickstart.yaml";
  struct Case {
    std::string arguments;
    int code;
    std::string words;
  };
  for (const auto& [arguments, code, words] :
       {Case{"--defaults", kExitOk, "\nbatch_size: 64\n"},
        Case{"--explain=--wd", kExitOk, "optimizer.weight_decay\n"},
        Case{"--explain wieght_decay", kExitUsage, "the nearest known key is"},
        Case{"--check " + file + " seed=3", kExitOk, "the settings are valid"},
        Case{"--check " + file + " seed=x", kExitUsage, "seed = x is not a whole number"},
        Case{"--diff " + file, kExitOk,
             "# defaults -> " + file + "\nname: \"\" -> \"quickstart\"\n"},
        Case{"--diff " + file + " " + file, kExitOk, "# " + file + " -> " + file + "\n"},
        Case{"--diff " DERMATOME_SOURCE_DIR, kExitUsage, "/config.yaml"},
        Case{"--from-make-flags '--epochs 3'", kExitOk, "schedule:\n  epochs: 3\n"},
        Case{"--defaults --explain lr", kExitUsage, "give one of --defaults"},
        Case{"", kExitUsage, "give one of --defaults"}}) {
    const CommandResult result = run_dermatome("config " + arguments);
    EXPECT_EQ(result.exit_code, code) << arguments << "\n" << result.output;
    EXPECT_THAT(result.output, HasSubstr(words)) << arguments;
  }
}

TEST(Main, PrintsVersionAndRevision) {
  const CommandResult result = run_dermatome("--version");
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.output, testing::ContainsRegex("dermatome [0-9.]+, revision [0-9a-z]"));
}

}  // namespace
}  // namespace dermatome
