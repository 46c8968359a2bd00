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
};

// The settings whose values differ, in the order of dump_train_config().
std::vector<Difference> config_differences(const TrainOptions& before, const TrainOptions& after);

// "KEY: BEFORE -> AFTER".
std::string difference_text(const Difference& difference);

}  // namespace dermatome
