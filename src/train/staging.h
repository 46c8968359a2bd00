// The training shards on storage of the machine's own.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

namespace dermatome {

struct TrainOptions;
struct TrainingEnvironment;

// Where this rank reads data.train: there, or its copies in data.stage, which one rank of every
// machine makes first while the others wait, however long it takes; nullopt, on every rank, if one
// was asked to stop meanwhile. Every rank calls it. Throws what stage_datasets() throws; on the
// other ranks a CommunicationError.
std::optional<std::vector<std::filesystem::path>> staged_training_data(
    const TrainOptions& options, const TrainingEnvironment& environment);

}  // namespace dermatome
