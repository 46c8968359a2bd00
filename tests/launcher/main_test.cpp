// The binary before its ranks connect: the version, help, wrong words, errors.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <sstream>
#include <string>

#include "launcher/exit_codes.h"
#include "tests/launcher/run_command.h"

namespace dermatome {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;

CommandResult run_dermatome(const std::string& arguments) {
  return run_command(std::string(DERMATOME_BINARY " ") + arguments);
}

TEST(Main, NamesWhatIsWrongBeforeThereAreRanksAndWhatWouldBeRight) {
  struct Case {
    std::string arguments;
    std::string words;
  };
  for (const auto& [arguments, words] :
       {Case{"", "name a command, such as train; dermatome help lists them"},
        Case{"trian configs/quickstart.yaml",
             R"("trian" is no command; the nearest one is "train", and dermatome help lists)"},
        Case{"trian --help", R"("trian" is no command; the nearest one is "train")"},
        Case{"predict a.jpg", R"(the nearest one is "classify")"},
        Case{"zebra", R"("zebra" is no command; dermatome help lists them)"},
        Case{"help trian", R"("trian" is no command; the nearest one is "train")"},
        Case{"verify", "dermatome verify: DATA is required; see dermatome help verify"},
        Case{"train", "dermatome train: CONFIG is required;"},
        Case{"report", "dermatome report: RUN is required;"},
        Case{"config --defaults seed=3", "dermatome config: KEY=VALUE requires --check;"},
        Case{"inspect shards --image a.png", "dermatome inspect: --image requires --row;"},
        Case{"help --all train", "dermatome help: COMMAND cannot be given together with --all;"},
        Case{"shard --output a", "dermatome shard: --csv or --folder is required;"},
        Case{"config --defaults=all", R"(--defaults takes no value; write it without "all")"},
        Case{"probe --train", "dermatome probe: --train stands without its value, TEXT;"},
        Case{"probe --seed first", R"(--seed: "first" is not a whole number)"},
        Case{"verify a b", R"(dermatome verify has no use for the word "b")"},
        // The checkpoint is missing because the option is misspelled.
        Case{
            "evaluate --benchmark b.yaml --chekpoint=c",
            R"("--chekpoint" is no option of dermatome evaluate; the nearest one is --checkpoint)"},
        Case{"evaluate -checkpoint c", "the nearest one is --checkpoint"},
        Case{"--ranks 2 launch train",
             R"("--ranks" belongs behind the command: dermatome launch --ranks)"},
        Case{"--verison", R"("--verison" is no option of dermatome itself; the nearest one is)"},
        Case{"train " DERMATOME_SOURCE_DIR "/configs/quickstart.yaml --lr 1e-4",
             "a setting is written without dashes: optimizer.lr=VALUE"},
        Case{"encode --device 1", R"(--device: "1" is none of auto|cpu|cuda)"},
        Case{"watch run --until-step -3", R"(--until-step: "-3" is not 0 or more;)"},
        Case{"evaluate --max-bad 0.5",
             R"(--max-bad: "0.5" is not a whole number of images, 0 or more;)"},
        Case{"evaluate --max-bad -1", R"(--max-bad: "-1" is not 0 or more;)"},
        Case{"evaluate --batch-size 0.5", R"(--batch-size: "0.5" is not a whole number, above 0;)"},
        Case{"watch run --threads two", R"(--threads: "two" is not a whole number;)"},
        Case{"shard --csv a --output b --quality 9.5",
             R"(--quality: "9.5" is not a whole number, 1 to 100;)"},
        Case{"shard --csv a --output b --max-bad 2", R"(--max-bad: "2" is not 0 to 1;)"},
        Case{"shard --csv a --output b --quality 200", R"(--quality: "200" is not 1 to 100;)"},
        Case{"report run --pictures 3", "--pictures: is called --images now"},
        Case{"probe --normalise", "--normalise: is called --normalize now"},
        Case{"train /nowhere.yaml", "/nowhere.yaml"}}) {
    const CommandResult result = run_dermatome(arguments);
    EXPECT_EQ(result.exit_code, kExitUsage) << result.output;
    EXPECT_THAT(result.output, HasSubstr(words));
    EXPECT_EQ(num_error_lines(result), 1) << result.output;
  }
}

TEST(Main, FindsArchitecturesByNameBesideTheBinary) {
  const std::string plan = "plan " DERMATOME_SOURCE_DIR
                           "/configs/quickstart.yaml --ranks 1 data.train=none "
                           "validation.benchmarks=[] model.architecture=";
  const CommandResult known = run_dermatome(plan + "quickstart");
  EXPECT_EQ(known.exit_code, kExitOk) << known.output;
  const CommandResult unknown = run_dermatome(plan + "quickstar");
  EXPECT_EQ(unknown.exit_code, kExitUsage) << unknown.output;
  EXPECT_THAT(unknown.output, ContainsRegex("the nearest one is quickstart; the names in "
                                            "[^ ]*/configs/models are ViT-B-16, .*quickstart"));
}

TEST(Main, ReportsDataThatAreMissing) {
  const CommandResult result = run_dermatome("verify /nowhere");
  EXPECT_EQ(result.exit_code, kExitData) << result.output;
  EXPECT_THAT(result.output, HasSubstr("/nowhere"));
  EXPECT_EQ(num_error_lines(result), 1) << result.output;
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
        Case{"--explain wieght_decay", kExitUsage, "the nearest known key is"},
        Case{"--check " + file + " seed=3", kExitOk, "the settings are valid"},
        Case{"--check " + file + " model.architecture=ViT-B-61", kExitUsage,
             R"("ViT-B-61" is neither a file nor a known name; the nearest one is)"},
        Case{"--diff " + file, kExitOk,
             "# defaults -> " + file + "\nname: \"\" -> \"quickstart\"\n"},
        Case{"--diff " DERMATOME_SOURCE_DIR, kExitUsage, "/config.yaml"},
        Case{"--from-make-flags '--epochs 3'", kExitOk, "schedule:\n  epochs: 3\n"},
        Case{"", kExitUsage, "give one of --defaults"}}) {
    const CommandResult result = run_dermatome("config " + arguments);
    EXPECT_EQ(result.exit_code, code) << arguments << "\n" << result.output;
    EXPECT_THAT(result.output, HasSubstr(words)) << arguments;
  }
}

TEST(Main, PrintsTheVersionWithItsRevisionAndLibraries) {
  const CommandResult result = run_dermatome("--version");
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.output, ContainsRegex("^dermatome [0-9.]+, revision [0-9a-z]"));
  EXPECT_THAT(result.output, ContainsRegex("\nLibTorch 2[.]11[.0-9]*, .*CUDA"));
  EXPECT_THAT(result.output, ContainsRegex("\n[A-Z][A-Za-z ]* v?[0-9.]+\nHDF5 1[.][0-9.]+\n$"));
  EXPECT_EQ(run_dermatome("version").output, result.output);
}

TEST(Help, ListsTheCommandsByGroup) {
  const CommandResult result = run_dermatome("help");
  EXPECT_EQ(result.exit_code, kExitOk);
  EXPECT_THAT(result.output, ContainsRegex("\nTraining:\n  config .*\n  plan .*\n  train "));
  EXPECT_THAT(result.output, ContainsRegex("\nScores:\n  evaluate "));
  EXPECT_EQ(run_dermatome("--help").output, result.output);
}

TEST(Help, ExplainsAnOptionByItsChoicesAndDefault) {
  const std::string page = run_dermatome("help shard").output;
  EXPECT_THAT(page, HasSubstr("\n  --table captions|derm1m|labels|make\n"));
  EXPECT_THAT(page, ContainsRegex("--quality NUMBER .*\\(1 to 100;"));
  EXPECT_EQ(run_dermatome("shard --help").output, page);
  EXPECT_THAT(run_dermatome("help train").output,
              HasSubstr("Usage: dermatome train [OPTIONS] CONFIG [KEY=VALUE...]\n"));
}

TEST(Help, FitsTheTerminalAndShowsTwoExamplesOfEveryCommand) {
  std::istringstream pages(run_command("COLUMNS=60 " DERMATOME_BINARY " help --all").output);
  std::map<std::string, int64_t> num_examples;
  std::string command = "dermatome";
  bool in_examples = false;
  for (std::string line; std::getline(pages, line);) {
    if (line.starts_with("---- ")) {
      command = line;
      in_examples = false;
    }
    int64_t& number = num_examples[command];
    if (in_examples && line.find("dermatome ") != std::string::npos) ++number;
    EXPECT_TRUE(in_examples || line.size() <= 60) << command << "\n" << line;
    in_examples |= line == "Examples:";
  }
  EXPECT_GE(num_examples.size(), 19U);
  for (const auto& [page, number] : num_examples) EXPECT_GE(number, 2) << page;
}

}  // namespace
}  // namespace dermatome
