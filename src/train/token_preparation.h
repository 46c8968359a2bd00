// The token ids of a run's data for a model whose tokenizer is not the one of the shards.
#pragma once

#include <filesystem>
#include <vector>

#include "sharding/shard_tokens.h"

namespace dermatome {

struct TrainOptions;
struct TrainingEnvironment;

// Makes the ids of `training`, the directories of the training data, and of data.validation, if the
// shards of any rank do not hold them (make_token_files()). false, on every rank, if a rank was
// asked to stop meanwhile. A collective call. Throws what make_token_files() throws; the other
// ranks throw a CommunicationError.
bool prepare_tokens(const TrainOptions& options, const std::vector<std::filesystem::path>& training,
                    const TokenFormat& tokens, const TrainingEnvironment& environment);

}  // namespace dermatome
