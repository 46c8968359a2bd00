// What linear probes score, as it is written.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "src/eval/probe/labeled_set.h"
#include "src/eval/probe/options.h"
#include "src/eval/probe/protocol.h"

namespace dermatome {

using ProbeScores = std::map<std::string, double>;

// By score, the mean of the probes' scores; there is one probe at least.
ProbeScores mean_scores(const std::vector<ProbeScores>& probes);

// By score, the standard deviation among the probes' scores (n - 1 in the divisor); there are two
// probes at least.
ProbeScores deviations(const std::vector<ProbeScores>& probes);

// Which model the probes are fitted to the features of.
struct ProbedModel {
  std::string checkpoint;
  std::string weights;  // weights_hash()
};

// The line of the probes of one amount of training samples on one test set. README.md, Evaluation.
nlohmann::ordered_json probe_line(const std::vector<FittedProbe>& probes, const Amount& amount,
                                  const LabeledSet& train, const LabeledSet& test,
                                  const ProbedModel& model, const ProbeOptions& options);

}  // namespace dermatome
