// Ranks that were started differently are refused before the first step. Unnoticed, they would
// train together without a word: exchange embeddings of two models and average their gradients, or
// wait for ever for a rank with another batch. An NFS that serves an old file, a folder on every
// node's own disk or a binary that was built again is enough.
//
// Both functions are collective calls and throw ConfigError on every rank, naming the ranks and
// what differs (src/distributed/rank_comparison.h).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "sharding/dataset.h"
#include "src/distributed/rank_comparison.h"
#include "src/model/clip.h"

namespace dermatome {

struct TrainOptions;
struct TrainingEnvironment;

// Whether the setting may differ between ranks: it says where this machine keeps a file whose
// content is compared instead (output, data.train, data.stage, data.validation,
// model.architecture, model.pretrained, validation.benchmarks), or what the machine has
// (data.workers, data.prefetch, runtime.device, runtime.threads). All other settings decide what is
// trained, or in which collectives and steps ranks meet.
bool may_differ_between_ranks(std::string_view key);

// The binary and the settings. First of all, since the ranks wait for each other in whatever
// follows: that some ranks stage their data and others do not is refused too.
void compare_settings(const TrainOptions& options, const TrainingEnvironment& environment);

// What the first step starts from: the data, the model and its weights; the weights are read once,
// 0.1 s for 600 MB. `validation`: what it is measured on. `checkpoint`: the one that the run
// continues from, of which the optimizer's state is compared as well; empty: it starts anew.
void compare_start(const ShardedDataset& dataset, std::vector<RankFact> validation,
                   const Clip& model, const std::filesystem::path& checkpoint,
                   const TrainingEnvironment& environment);

}  // namespace dermatome
