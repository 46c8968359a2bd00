#include "src/train/compare_ranks.h"

#include <algorithm>
#include <array>
#include <utility>

#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/run/checkpoint.h"
#include "src/train/environment.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

constexpr std::array<std::string_view, 13> kOfTheMachine = {"output",
                                                            "from",
                                                            "data.train",
                                                            "data.stage",
                                                            "data.validation",
                                                            "data.workers",
                                                            "data.prefetch",
                                                            "model.architecture",
                                                            "model.pretrained",
                                                            "model.pretrained_text",
                                                            "validation.benchmarks",
                                                            "runtime.device",
                                                            "runtime.threads"};

}  // namespace

bool may_differ_between_ranks(std::string_view key) {
  return std::ranges::find(kOfTheMachine, key) != kOfTheMachine.end();
}

void compare_settings(const TrainOptions& options, const TrainingEnvironment& environment) {
  std::vector<RankFact> facts = {{"the binary", environment.binary, /*is_shown=*/true}};
  for (auto& [key, value] : list_settings(options)) {
    if (!may_differ_between_ranks(key)) facts.push_back({key, value, /*is_shown=*/true});
  }
  facts.push_back({"data.stage", options.data.stage.empty() ? "empty" : "set", /*is_shown=*/true});
  compare_ranks(facts, *environment.collectives, environment.device,
                "start all ranks with the same binary and the same settings");
}

void compare_start(const ShardedDataset& dataset, std::vector<RankFact> validation,
                   const Clip& model, const AdamW& optimizer,
                   const std::filesystem::path& checkpoint,
                   const TrainingEnvironment& environment) {
  if (environment.collectives->size() == 1) return;
  const bool is_new = checkpoint.empty();
  std::vector<RankFact> facts = std::move(validation);
  facts.insert(facts.begin(), {"the data of data.train", dataset.digest()});
  facts.push_back({"the tokenizer of model.architecture", dataset.tokenizer_hash()});
  facts.push_back({"the model of model.architecture", config_identity(model.config())});
  facts.push_back({is_new ? "the initial weights (of model.pretrained, if it is set)"
                          : "the weights of the checkpoint that the run starts from",
                   std::to_string(weights_checksum(model))});
  if (!is_new) {
    facts.push_back({"the checkpoint that the run starts from", state_hash(checkpoint)});
    facts.push_back({"the optimizer's state at the start",
                     std::to_string(tensors_checksum(optimizer.state()))});
  }
  compare_ranks(facts, *environment.collectives, environment.device,
                "let all ranks see the same files: compare what lies at these paths on the hosts "
                "of the ranks named");
}

}  // namespace dermatome
