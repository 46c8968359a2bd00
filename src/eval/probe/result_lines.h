// The scores of linear probes as lines of JSON.
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

// The mean of each score over the probes, of which there is at least one.
ProbeScores mean_scores(const std::vector<ProbeScores>& probes);

// The standard deviation of each score (with n - 1 in the divisor) over the probes, of which there
// are at least two.
ProbeScores deviations(const std::vector<ProbeScores>& probes);

// The model whose features the probes are fitted to.
struct ProbedModel {
  std::string checkpoint;
  std::string weights;  // weights_hash()
};

// The line on one test set for the probes fitted to one amount of training samples: its keys are in
// configs/benchmarks/README.md.
nlohmann::ordered_json probe_line(const std::vector<FittedProbe>& probes, const Amount& amount,
                                  const LabeledSet& train, const LabeledSet& test,
                                  const ProbedModel& model, const ProbeOptions& options);

}  // namespace dermatome
