// What differs between two configurations of one run, and whether the run may continue with it.
#pragma once

#include <string>
#include <vector>

#include "src/config/train_options.h"

namespace dermatome {

struct SettingChange {
  std::string key;
  std::string before;  // the value as YAML on one line
  std::string after;
  // Whether the run must not continue with it: it would change the model or what is in the batches,
  // so the run would be no experiment that one configuration describes.
  bool is_refused = false;

  bool operator==(const SettingChange&) const = default;
};

// The settings that differ, in the order of list_settings(). A run continues with another schedule
// and another optimizer (its length, its learning rate), and with other settings that are not part
// of config_digest().
std::vector<SettingChange> setting_changes(const TrainOptions& before, const TrainOptions& after);

// "seed 0 -> 1, batch_size 64 -> 32"
std::string describe(const std::vector<SettingChange>& changes);

}  // namespace dermatome
