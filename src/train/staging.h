// Copies of the training shards on the machine's own storage.
#pragma once

#include <filesystem>
#include <optional>
#include <vector>

namespace dermatome {

struct TrainOptions;
struct TrainingEnvironment;

// The directories of data.train, or their copies in data.stage. One rank of every machine makes the
// copies first; the others wait without a time limit. nullopt, on every rank, if a rank was asked
// to stop meanwhile. A collective call. Throws what stage_datasets() throws; the other ranks throw
// a CommunicationError.
std::optional<std::vector<std::filesystem::path>> staged_training_data(
    const TrainOptions& options, const TrainingEnvironment& environment);

}  // namespace dermatome
