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

// Of the gray image shrunk to 64 x 64: for each of the 16 x 16 lowest frequencies of its cosine
// transform whether it exceeds their median. Mirrored, turned or strongly cropped images have
// other hashes.
ImageHash hash_image(const Image& image);

// The number of bits that differ, 0 to kHashBits; unrelated images: about half.
int distance(const ImageHash& a, const ImageHash& b);

}  // namespace dermatome
