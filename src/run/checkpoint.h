// Checkpoints of a training run: directories <run>/checkpoints/step_<8 digits>, each complete or
// absent.
//
// - open_clip_model.safetensors and open_clip_config.json: the hub layout, open_clip loads it; with
//   a BERT as text tower also its config.json and its tokenizer's files
// - optimizer.safetensors: AdamW's moments
// - config.yaml: every setting of the run
// - state.json: step, digests, and size and CRC-32C of the other files
//
// A checkpoint is written under a temporary name, synced and renamed. Last,
// <run>/checkpoints/latest, a text file with the directory's name, is replaced. <run>/best is such
// a file for the checkpoint that `dermatome watch` chose, if it did.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "src/run/run_directory.h"
#include "src/text/tokenizer.h"
#include "src/weights/safetensors.h"

namespace dermatome {

class Clip;

struct TrainingState {
  int64_t step = 0;            // optimizer steps done; with the digests it fixes all that follows
  std::string config_digest;   // settings that define the result
  std::string dataset_digest;  // of the training shards' manifest
  // Every setting, as YAML; empty: not known, as in checkpoints of older versions.
  std::string config = "";
};

// Commits a checkpoint, then removes all but the newest `keep` (0: none is removed) and the best
// one. Checkpoints of later steps, which a resumed run refused as damaged, are neither counted nor
// removed. `optimizer`: the optimizer's state. `tokenizer`: the model's, if its files are to be in
// the checkpoint (hub.h). One rank calls it. Throws DataError.
void save_checkpoint(const std::filesystem::path& checkpoints, const Clip& model,
                     const NamedTensors& optimizer, const TrainingState& state, int64_t keep,
                     const Tokenizer* tokenizer = nullptr);

// The steps of the checkpoints that exist, newest first.
std::vector<int64_t> checkpoint_steps(const std::filesystem::path& checkpoints);

// Whether `directory` is a checkpoint, whatever its name.
bool is_checkpoint(const std::filesystem::path& directory);

// Marks the checkpoint of `step` as the best one, which stays when others are removed. Throws
// DataError.
void mark_best(const std::filesystem::path& checkpoints, int64_t step);

// SHA-256 of state.json, which holds checksums of the other files: tells checkpoints of one step
// apart. Throws DataError.
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
