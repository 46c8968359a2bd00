#include "src/watch/checkpoint_queue.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "src/core/log.h"
#include "src/core/text.h"
#include "src/run/checkpoint.h"
#include "src/run/run_directory.h"

namespace dermatome {

CheckpointQueue::CheckpointQueue(const std::filesystem::path& run,
                                 std::vector<Definition> definitions,
                                 std::optional<Criterion> best_by)
    : checkpoints_(RunDirectory(run).checkpoints()),
      definitions_(std::move(definitions)),
      best_by_(std::move(best_by)),
      log_(run) {}

std::optional<DueCheckpoint> CheckpointQueue::next() {
  const std::vector<ScoredCheckpoint> checkpoints = list_checkpoints();
  choose_best(checkpoints);
  last_scored_ = -1;
  for (const ScoredCheckpoint& checkpoint : checkpoints) {
    std::vector<bool> wanted;
    for (const auto& definition : definitions_) {
      wanted.push_back(!log_.has(checkpoint, definition));
    }
    if (std::ranges::find(wanted, true) == wanted.end()) {
      last_scored_ = checkpoint.step;
    } else if (verifies(checkpoint.step)) {
      return DueCheckpoint{checkpoint, wanted};
    }
  }
  return std::nullopt;
}

void CheckpointQueue::keep(const ScoredCheckpoint& checkpoint, size_t index,
                           const nlohmann::ordered_json& result) {
  log_.add(checkpoint, definitions_.at(index), result);
}

// The checkpoints on disk, the oldest first.
std::vector<ScoredCheckpoint> CheckpointQueue::list_checkpoints() {
  std::vector<ScoredCheckpoint> found;
  for (const int64_t step : checkpoint_steps(checkpoints_)) {
    try {
      found.push_back({step, state_hash(checkpoint_path(checkpoints_, step))});
    } catch (const DataError& error) {
      refuse(step, error);
    }
  }
  std::ranges::reverse(found);
  return found;
}

// Reads the whole checkpoint, unless it is unchanged since it was refused.
bool CheckpointQueue::verifies(int64_t step) {
  try {
    const auto refused = refused_.find(step);
    if (refused != refused_.end() && refused->second == stamp(step)) return false;
    verify_checkpoint(checkpoint_path(checkpoints_, step));
    return true;
  } catch (const DataError& error) {
    refuse(step, error);
    return false;
  }
}

void CheckpointQueue::refuse(int64_t step, const DataError& error) {
  const std::string now = stamp(step);
  if (now.empty()) return;  // the training has just removed it
  if (std::exchange(refused_[step], now) != now) {
    log_warning(text("skipped: ", error.what()));
  }
}

// A text that changes with each of the checkpoint's files; empty if there is no checkpoint.
std::string CheckpointQueue::stamp(int64_t step) const {
  std::string stamp;
  std::error_code error;
  const auto path = checkpoint_path(checkpoints_, step);
  for (const auto& file : std::filesystem::directory_iterator(path, error)) {
    const auto time = file.last_write_time(error).time_since_epoch().count();
    stamp += text(file.path().filename(), " ", file.file_size(error), " ", time, "\n");
  }
  return stamp;
}

// Chooses among the checkpoints on disk.
void CheckpointQueue::choose_best(const std::vector<ScoredCheckpoint>& checkpoints) {
  if (!best_by_) return;
  const auto best = log_.best_step(*best_by_, checkpoints);
  if (!best || best == best_) return;
  mark_best(checkpoints_, *best);
  best_ = best;
  log_info(
      text("best by ", best_by_->definition.benchmark, ":", best_by_->metric, ": step ", *best));
}

}  // namespace dermatome
