// data.train as paths and as text.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace dermatome {

struct DataOptions;

// The directories of the training shards.
std::vector<std::filesystem::path> training_directories(const DataOptions& options);

// The directories as messages name them: "a, b".
std::string training_data_name(const DataOptions& options);

}  // namespace dermatome
