// The checkpoint of another run that the key `from` names: a new run starts with it.
#pragma once

#include <cstdint>
#include <filesystem>

namespace dermatome {

struct TrainOptions;

// The step of this checkpoint, every file of which is verified. For a run without a step it is the
// newest one that verifies. Throws DataError.
int64_t find_origin(const TrainOptions& options);

// Where this checkpoint lies. `step`: what find_origin() returned, on this rank or another one.
std::filesystem::path origin_path(const TrainOptions& options, int64_t step);

}  // namespace dermatome
