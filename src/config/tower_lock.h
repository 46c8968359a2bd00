// How much of a tower training leaves as it is.
#pragma once

#include <algorithm>
#include <cstdint>

namespace dermatome {

enum class LockedPart {
  kNone,
  kAll,
  kFirst,  // all but the tower's last blocks and what follows them
};

struct TowerLock {
  LockedPart part = LockedPart::kNone;
  int64_t unlocked_blocks = 0;  // with kFirst: how many of the last blocks are trained

  bool operator==(const TowerLock&) const = default;
};

// A tower of B blocks has B + 2 layers: the embeddings with the norm behind them, each block, and
// the final norm with the projection. Returns how many layers, from the first, are locked.
constexpr int64_t num_locked_layers(const TowerLock& lock, int64_t num_blocks) {
  if (lock.part == LockedPart::kNone) return 0;
  if (lock.part == LockedPart::kAll) return num_blocks + 2;
  return 1 + std::max<int64_t>(num_blocks - lock.unlocked_blocks, 0);
}

// How many of a tower's blocks need a backward pass: the last ones.
constexpr int64_t num_trained_blocks(const TowerLock& lock, int64_t num_blocks) {
  return std::clamp<int64_t>(num_blocks + 1 - num_locked_layers(lock, num_blocks), 0, num_blocks);
}

}  // namespace dermatome
