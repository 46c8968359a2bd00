// `dermatome probe`: linear probes and few-shot classifiers on frozen image features.
#include "src/eval/probe/probe.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launcher/commands/choice.h"
#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"

namespace dermatome {
namespace {

struct ProbeArguments {
  std::vector<std::string> checkpoints;
  ProbeOptions probe;
  bool json = false;
  ModelUse use;
};

int run_probe(Runtime& runtime, const ProbeArguments& arguments) {
  require_one_rank(runtime, "probe");
  ProbeOptions options = arguments.probe;
  options.batch_size = arguments.use.batch_size;
  options.precision = arguments.use.precision;
  Probe probe(options);
  for (const auto& checkpoint : arguments.checkpoints) {
    probe.score(find_checkpoint(checkpoint, runtime), runtime.device(),
                [&](const auto& line) { print_result(line, arguments.json); });
  }
  return kExitOk;
}

void add_options(CLI::App& command, ProbeOptions& options) {
  command.add_option("--train", options.train, "Benchmark file (YAML) of the training set")
      ->required();
  command.add_option("--test", options.tests, "Benchmark files (YAML) to score on")->required();
  command.add_option("--C", options.c,
                     "Inverse strength of the penalty, or auto: features * classes / 100. Of "
                     "several values, the one that predicts most of --validation right is used");
  command.add_option("--validation", options.validation,
                     "Benchmark file (YAML), role: validation, to choose C by; without --shots and "
                     "--fractions the final classifier is fitted to it too");
  command
      .add_option("--held-out", options.held_out,
                  "Share of the training set to choose C by if there is no --validation")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  add_choice(command, "--penalty", options.penalty,
             Choices<Penalty>{{"squared", Penalty::kSquared}, {"norm", Penalty::kNorm}},
             "squared: scikit-learn's and CLIP's; norm: that of PanDerm's linear probe");
  command.add_flag("--normalize", options.normalize,
                   "L2-normalize the features; published protocols do not");
  answer_old_option(command, "--normalise", "--normalize");
  command.add_option("--shots", options.shots, "Training samples per class")
      ->check(CLI::PositiveNumber);
  command.add_option("--fractions", options.fractions, "Shares of the training set")
      ->check(CLI::Range(1e-6, 1.0));
  command.add_option("--repetitions", options.repetitions, "Draws of --shots and of --fractions")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--seed", options.seed, "Seed of the draws")->capture_default_str();
}

}  // namespace

void add_probe(CLI::App& app) {
  auto* command = app.add_subcommand(
      "probe",
      "Fit linear classifiers to frozen image features and score them; a table on a terminal, else "
      "one JSON object per line");
  command->footer(
      "dermatome probe --checkpoint runs/first --train train.yaml --test test.yaml\n"
      "dermatome probe --checkpoint runs/first --train train.yaml --test test.yaml --shots 1 4 16");
  const auto arguments = std::make_shared<ProbeArguments>();
  command->add_option("--checkpoint", arguments->checkpoints, kCheckpointHelp)->required();
  add_options(*command, arguments->probe);
  add_hint_options(*command, arguments->probe.hints);
  command->add_flag("--json", arguments->json, kJsonHelp);
  add_model_options(*command, arguments->use);
  command->callback([arguments] {
    run_on_ranks(arguments->use.runtime,
                 [arguments](Runtime& runtime) { return run_probe(runtime, *arguments); });
  });
}

}  // namespace dermatome
