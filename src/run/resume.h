// Which checkpoint a run continues from, and with which other settings.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "src/config/config_difference.h"
#include "src/run/checkpoint.h"

namespace dermatome {

struct TrainOptions;

struct OwnCheckpoint {
  TrainingState state;
  // What differs from the settings that the checkpoint was saved with. Empty also where these are
  // not known: checkpoints of older versions do not hold them, and the run's config.yaml may be of
  // a later start.
  std::vector<Difference> changes;
  // The warm-up of the checkpoint's own settings, in steps, which counts where the configuration
  // sets none; -1: that of the configuration counts.
  int64_t warmup = -1;
};

// Whether a run must not continue with this change, because it changes the model or what is in the
// batches: no single configuration would describe such a run. The schedule and the optimizer may
// change (the run's length, its learning rate), as may all that does not define the result.
bool is_refused(const Difference& change);

// The run's newest checkpoint, every file of it verified; nullopt: the run starts anew. Throws
// ConfigError when it belongs to settings that must not change or to another data set, or must not
// be continued; DataError when there are checkpoints but none is whole. `options`: with a warm-up
// that is known. `total_steps`: of the run; a longer warm-up is not kept.
std::optional<OwnCheckpoint> find_own_checkpoint(
    const TrainOptions& options, const std::string& dataset_digest,
    int64_t total_steps = std::numeric_limits<int64_t>::max());

// Call it before the run's config.yaml is replaced. A checkpoint of an older version, which does
// not hold its settings, gets this file beside it, so that its settings stay known. Throws
// DataError.
void keep_settings(const RunDirectory& run, const std::filesystem::path& checkpoint);

}  // namespace dermatome
