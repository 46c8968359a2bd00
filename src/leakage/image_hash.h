// Perceptual hashes: images that look alike differ in few bits, however they were scaled or
// coded (the "pHash" scheme: signs of the image's lowest spatial frequencies).
#pragma once

#include <array>
#include <cstdint>

#include "src/image/image.h"

namespace dermatome {

inline constexpr int kHashBits = 256;

struct ImageHash {
  std::array<uint64_t, kHashBits / 64> bits{};
  bool operator==(const ImageHash&) const = default;
};

// Shrinks the gray image to 64 x 64. A bit says whether one of the 16 x 16 lowest frequencies of
// its cosine transform exceeds their median. Mirrored, turned or strongly cropped images have other
// hashes.
ImageHash hash_image(const Image& image);

// The number of bits that differ, 0 to kHashBits: about half of them for unrelated images.
int distance(const ImageHash& a, const ImageHash& b);

}  // namespace dermatome
