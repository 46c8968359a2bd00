// Where the files of a training run lie. Every path and file name of a run directory is written
// here, once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace dermatome {

struct TrainOptions;

class RunDirectory {
 public:
  explicit RunDirectory(std::filesystem::path path) : path_(std::move(path)) {}
  // <output>/<name>
  explicit RunDirectory(const TrainOptions& options);

  const std::filesystem::path& path() const { return path_; }
  // The configuration with every key resolved.
  std::filesystem::path config() const { return path_ / "config.yaml"; }
  // The log of steps and validations: src/run/run_log.h.
  std::filesystem::path results() const { return path_ / "results.jsonl"; }
  // The log of scored checkpoints: src/run/evaluation_log.h.
  std::filesystem::path evaluations() const { return path_ / "evaluations.jsonl"; }
  // Names the process that trains the run, and the one that watches it: src/core/owner_file.h.
  std::filesystem::path owner() const { return path_ / "owner.json"; }
  std::filesystem::path watcher() const { return path_ / "watcher.json"; }
  // What the training printed, every start behind the one before it.
  std::filesystem::path log() const { return path_ / "train.log"; }
  // One JSON object per start: src/run/start_log.h.
  std::filesystem::path starts() const { return path_ / "starts.jsonl"; }
  std::filesystem::path report() const { return path_ / "report.html"; }
  // A report's comparison of this run with others.
  std::filesystem::path comparison() const { return path_ / "comparison.html"; }
  // A folder with a folder for each checkpoint: src/run/checkpoint.h.
  std::filesystem::path checkpoints() const { return path_ / "checkpoints"; }

 private:
  std::filesystem::path path_;
};

// In a folder of checkpoints: the checkpoint of `step`, step_<8 digits>.
std::filesystem::path checkpoint_path(const std::filesystem::path& checkpoints, int64_t step);

// The configuration with every key resolved, as it was when the checkpoint was saved. Checkpoints
// of older versions have none.
std::filesystem::path checkpoint_config(const std::filesystem::path& checkpoint);

// The step of a checkpoint's directory name; -1: it is no such name.
int64_t checkpoint_step(const std::string& name);

// Text files that hold the name of a checkpoint's directory: that of the newest one, and that of
// the best one. The best one's file lies beside the folder of checkpoints, because only the
// training writes in that folder.
std::filesystem::path latest_pointer(const std::filesystem::path& checkpoints);
std::filesystem::path best_pointer(const std::filesystem::path& checkpoints);

}  // namespace dermatome
