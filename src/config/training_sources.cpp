#include "src/config/training_sources.h"

#include "src/config/data_options.h"
#include "src/core/joined.h"

namespace dermatome {

std::vector<std::filesystem::path> training_directories(const DataOptions& options) {
  return {options.train.begin(), options.train.end()};
}

std::string training_data_name(const DataOptions& options) { return joined(options.train); }

}  // namespace dermatome
