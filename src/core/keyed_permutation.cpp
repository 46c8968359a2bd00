#include "src/core/keyed_permutation.h"

#include <algorithm>
#include <bit>

#include "src/core/error.h"

namespace dermatome {
namespace {

// A smaller network has so few different round functions that some orders are likelier than others.
constexpr int kFewestHalfBits = 3;
constexpr uint64_t kRounds = 8;

// SplitMix64's output function (Steele, Lea & Flood, OOPSLA'14).
uint64_t scramble(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

}  // namespace

KeyedPermutation::KeyedPermutation(uint64_t key, int64_t size)
    : key_(key), size_(static_cast<uint64_t>(size)) {
  require(size >= 1, "a permutation of no elements");
  half_bits_ = std::max(kFewestHalfBits, (static_cast<int>(std::bit_width(size_ - 1)) + 1) / 2);
}

int64_t KeyedPermutation::operator()(int64_t index) const {
  require(index >= 0 && static_cast<uint64_t>(index) < size_, "a permutation's index out of range");
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;
  const uint64_t mask = (uint64_t{1} << half_bits_) - 1;
  auto value = static_cast<uint64_t>(index);
  do {
    uint64_t left = value >> half_bits_;
    uint64_t right = value & mask;
    for (uint64_t round = 1; round <= kRounds; ++round) {
      const uint64_t mixed = left ^ (scramble(key_ + round * kGolden + right) & mask);
      left = right;
      right = mixed;
    }
    value = (left << half_bits_) | right;
  } while (value >= size_);
  return static_cast<int64_t>(value);
}

}  // namespace dermatome
