// In which settings two configurations differ.
#pragma once

#include <string>
#include <vector>

namespace dermatome {

struct TrainOptions;

struct Difference {
  std::string key;     // dotted
  std::string before;  // the values, as YAML on one line
  std::string after;
  bool defines_result = false;  // whether the digest of one of the configurations holds the key

  bool operator==(const Difference&) const = default;
};

// The settings whose values differ, in the order of dump_train_config().
std::vector<Difference> config_differences(const TrainOptions& before, const TrainOptions& after);

// "KEY: BEFORE -> AFTER".
std::string difference_text(const Difference& difference);
// The same for all of them, separated by commas.
std::string differences_text(const std::vector<Difference>& differences);

}  // namespace dermatome
