// What the files of a run say about one of its checkpoints, for people who are given the model. It
// holds no paths, hosts or names of files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/config/train_config.h"

namespace dermatome {

struct RecordedScore {
  std::string benchmark = {};
  std::string metric = {};
  double value = 0;
  std::optional<std::pair<double, double>> interval = {};  // 95 %
  int64_t num_samples = 0;                                 // 0: not recorded
  int64_t step = 0;                                        // of the weights that were scored
  std::string data = {};                                   // hash of the benchmark's data
  std::string leakage = {};  // the status of the check, such as "not checked"
};

struct RunRecord {
  int64_t step = 0;
  int64_t planned_steps = 0;  // 0: not recorded
  int64_t num_samples = 0;    // of the training data; 0: not recorded
  std::string dataset_digest;
  std::string version;          // of the Dermatome that trained; empty: not recorded
  std::string start;            // model.pretrained or from, without folders; empty: random weights
  std::string base_model;       // Hugging Face's name of what it started from; empty: none is known
  std::vector<Setting> recipe;  // the settings that define the result; empty: not recorded
  // Scores of these weights (evaluations.jsonl), and of other benchmarks those of the newest
  // validation that is not after the checkpoint (results.jsonl).
  std::vector<RecordedScore> scores;
};

// nullopt: `path` is no checkpoint of Dermatome. A checkpoint that lies outside of a run's folder
// has fewer facts. Throws DataError for a checkpoint that does not verify, and for a line of a log
// that is malformed.
std::optional<RunRecord> read_run_record(const std::filesystem::path& path);

}  // namespace dermatome
