// A pseudo-random permutation of 0 .. n-1 as a function: O(1) memory, no table.
//
// A balanced Feistel network permutes the smallest power of four (from 64 up) that holds n; values
// outside are permuted again until they fall inside (cycle walking: Black & Rogaway, "Ciphers with
// Arbitrary Finite Domains"), fewer than four times on average above 16 elements. For shuffling,
// not for encryption.
#pragma once

#include <cstdint>

namespace dermatome {

class KeyedPermutation {
 public:
  // Requires size >= 1.
  KeyedPermutation(uint64_t key, int64_t size);

  // Where `index` goes; 0 <= index < size.
  int64_t operator()(int64_t index) const;

 private:
  uint64_t key_;
  uint64_t size_;
  int half_bits_;  // the network permutes [0, 4^half_bits)
};

}  // namespace dermatome
