// Checkpoints of a training run: directories <run>/checkpoints/step_<8 digits>, each complete or
// absent.
//
// - open_clip_model.safetensors and open_clip_config.json: the hub layout, open_clip loads it
// - optimizer.safetensors: AdamW's moments
// - state.json: step, digests, and size and CRC-32C of the other files
//
// Written under a temporary name, synced, renamed; <run>/checkpoints/latest, a text file with the
// directory's name, moves last. <run>/best, where `dermatome watch` chose one, names
// it likewise.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/run/run_directory.h"
#include "src/weights/safetensors.h"

namespace dermatome {

class Clip;

struct TrainingState {
  int64_t step = 0;            // optimizer steps done; with the digests it fixes all that follows
  std::string config_digest;   // settings that define the result
  std::string dataset_digest;  // of the training shards' manifest
};

// Commits a checkpoint, then removes all but the newest `keep` (0: none is removed) and the best
// one. Those of later steps, which a resumed run refused as damaged, are neither counted nor
// removed. `optimizer`: its state. One rank calls it. Throws DataError.
void save_checkpoint(const std::filesystem::path& checkpoints, const Clip& model,
                     const NamedTensors& optimizer, const TrainingState& state, int64_t keep);

// Steps of the checkpoints that are there, newest first.
std::vector<int64_t> checkpoint_steps(const std::filesystem::path& checkpoints);

// Makes `step` the best one, which stays when others are removed. Throws DataError.
void mark_best(const std::filesystem::path& checkpoints, int64_t step);

// Tells checkpoints of one step apart: SHA-256 of state.json, which holds checksums of the rest.
// Throws DataError.
std::string state_hash(const std::filesystem::path& checkpoint);

// Reads a checkpoint's state and verifies every file of it. Throws DataError naming the file.
TrainingState verify_checkpoint(const std::filesystem::path& checkpoint);

// The newest checkpoint that verifies; logs each one it refuses and why. nullopt if there is none
// at all; throws DataError if there are some and none verifies.
std::optional<TrainingState> find_newest_checkpoint(const std::filesystem::path& checkpoints);

// Loads the weights into `model` and gives the optimizer's state to `load_optimizer`, whose
// DataErrors are reported with the file's name.
using LoadOptimizer = std::function<void(const std::map<std::string, at::Tensor>& state)>;
void load_checkpoint(const std::filesystem::path& checkpoint, Clip& model,
                     const LoadOptimizer& load_optimizer);

}  // namespace dermatome
