// Counter-based random numbers: Philox4x32-10 (Salmon et al., SC'11). A stream is a pure function
// of its key and counter, so a draw does not depend on which rank or thread makes it, or on what
// was drawn before. Not for cryptography.
#pragma once

#include <array>
#include <cstdint>

namespace dermatome {

// What a stream is for; keeps streams with equal numbers apart. Part of the reproducible behavior:
// values are never reused or renumbered.
enum class RngPurpose : uint32_t {
  kOrder = 1,
  kAugmentation = 2,
  kInitialization = 3,
  kBootstrap = 4,
  kTest = 5,
  kPatchDropout = 6,
  kSubstitute = 7,
  kFewShot = 8,
  kResampling = 9,
};

class Rng {
 public:
  // A stream keyed by `seed` and `purpose`; `a` and `b` name the stream within it, for example
  // epoch and global draw index.
  Rng(uint64_t seed, RngPurpose purpose, uint64_t a = 0, uint64_t b = 0);

  uint32_t next_u32();
  uint64_t next_u64();
  // Uniform in [0, 1), 53 bits.
  double uniform();
  // Uniform in [low, high).
  double uniform(double low, double high);
  // Uniform integer in [0, n), without modulo bias. Requires n > 0.
  uint64_t below(uint64_t n);
  // Standard normal (Box-Muller).
  double normal();

 private:
  void refill();

  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 4> counter_;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
};

// One Philox4x32-10 block: the function itself, checked against its published vectors.
std::array<uint32_t, 4> philox4x32(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

}  // namespace dermatome
