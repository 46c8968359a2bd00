// Perceptual hashes: pictures that look alike differ in few bits, however they were scaled or
// coded (the "pHash" scheme: signs of the picture's lowest spatial frequencies).
#pragma once

#include <array>
#include <cstdint>

#include "src/image/image.h"

namespace dermatome {

inline constexpr int kHashBits = 256;

struct PictureHash {
  std::array<uint64_t, kHashBits / 64> bits{};
  bool operator==(const PictureHash&) const = default;
};

// Of the grey picture shrunk to 64 x 64: for each of the 16 x 16 lowest frequencies of its cosine
// transform whether it exceeds their median. Mirrored, turned or strongly cropped pictures have
// other hashes.
PictureHash hash_picture(const Image& image);

// The number of bits that differ, 0 to kHashBits; unrelated pictures: about half.
int distance(const PictureHash& a, const PictureHash& b);

}  // namespace dermatome
