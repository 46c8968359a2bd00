// Linear probes: the scores of a linear classifier that is fitted to frozen image features, of all
// training samples or a few.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "src/eval/probe/labeled_set.h"
#include "src/eval/probe/options.h"

namespace dermatome {

class Probe {
 public:
  // Reads and checks the files and tables, before the first image is encoded. Throws ConfigError,
  // DataError.
  explicit Probe(const ProbeOptions& options);

  // Fits probes to the features of the checkpoint's image tower and gives `write` a line for each
  // amount of training samples and test set. Throws DataError.
  using Write = std::function<void(const nlohmann::ordered_json& line)>;
  void score(const std::string& checkpoint, c10::Device device, const Write& write);

 private:
  ProbeOptions options_;
  LabeledSet train_;
  std::optional<LabeledSet> validation_;
  std::vector<LabeledSet> tests_;
};

}  // namespace dermatome
