// Ranks that were started differently are refused before the first step. Otherwise they would
// silently exchange embeddings of two models and average their gradients, or wait for ever for a
// rank with another batch. An NFS that serves an old file, a folder on every node's own disk or a
// binary that was built again is enough to cause this.
//
// Both functions are collective calls and throw ConfigError on every rank, naming the ranks and
// what differs (src/distributed/rank_comparison.h).
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "sharding/dataset.h"
#include "src/distributed/rank_comparison.h"
#include "src/model/clip.h"
#include "src/train/optimizer.h"

namespace dermatome {

struct TrainOptions;
struct TrainingEnvironment;

// Whether the setting may differ between ranks: it says where this machine keeps a file whose
// content is compared instead (output, from, data.train, data.stage, data.validation,
// model.architecture, model.pretrained, validation.benchmarks), or what the machine has
// (data.workers, data.prefetch, runtime.device, runtime.threads). All other settings decide what is
// trained, or in which collectives and steps ranks meet.
bool may_differ_between_ranks(std::string_view key);

// Compares the binary and the settings. Call it first: ranks wait for each other in everything that
// follows. It is also refused that some ranks stage their data and others do not.
void compare_settings(const TrainOptions& options, const TrainingEnvironment& environment);

// Compares what the first step starts from: the data, the tokenizer, the model and its weights,
// which are read once (0.1 s for 600 MB). `validation`: facts about the data that the run validates
// on. `checkpoint`: the one that the run starts from, which is compared as well, and the
// optimizer's state that was loaded from it; empty: the run starts anew.
void compare_start(const ShardedDataset& dataset, std::vector<RankFact> validation,
                   const Clip& model, const AdamW& optimizer,
                   const std::filesystem::path& checkpoint, const TrainingEnvironment& environment);

}  // namespace dermatome
