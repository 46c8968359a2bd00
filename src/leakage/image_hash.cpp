#include "src/leakage/image_hash.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <vector>

#include "src/image/color.h"
#include "src/image/resize.h"

namespace dermatome {
namespace {

constexpr int kSide = 64;         // of the shrunken image
constexpr int kFrequencies = 16;  // in each direction
static_assert(kFrequencies * kFrequencies == kHashBits);

// cos(pi / 64 * (x + 1/2) * frequency): [kFrequencies, kSide]
const std::vector<float>& cosines() {
  static const std::vector<float> table = [] {
    std::vector<float> values;
    for (int frequency = 0; frequency < kFrequencies; ++frequency) {
      for (int x = 0; x < kSide; ++x) {
        values.push_back(
            static_cast<float>(std::cos(std::numbers::pi / kSide * (x + 0.5) * frequency)));
      }
    }
    return values;
  }();
  return table;
}

}  // namespace

ImageHash hash_image(const Image& image) {
  std::array<uint8_t, 3 * kSide * kSide> memory;
  const Planes planes = planes_at(memory.data(), kSide * kSide);
  resize_to_planes(image, {0, 0, image.width, image.height}, kSide, kSide, planes,
                   Interpolation::kBilinear);
  to_grayscale(planes);
  const std::vector<float>& cosine = cosines();
  std::array<float, kSide * kFrequencies> across{};  // [row, frequency]
  for (int y = 0; y < kSide; ++y) {
    for (int u = 0; u < kFrequencies; ++u) {
      float sum = 0;
      for (int x = 0; x < kSide; ++x) {
        sum += static_cast<float>(planes.red[y * kSide + x]) * cosine[u * kSide + x];
      }
      across[y * kFrequencies + u] = sum;
    }
  }
  std::array<float, kHashBits> spectrum{};
  for (int v = 0; v < kFrequencies; ++v) {
    for (int u = 0; u < kFrequencies; ++u) {
      float sum = 0;
      for (int y = 0; y < kSide; ++y) {
        sum += across[y * kFrequencies + u] * cosine[v * kSide + y];
      }
      spectrum[v * kFrequencies + u] = sum;
    }
  }
  spectrum[0] = 0;  // the mean brightness says nothing
  std::array<float, kHashBits> sorted = spectrum;
  std::ranges::nth_element(sorted, sorted.begin() + kHashBits / 2);
  ImageHash hash;
  for (int bit = 0; bit < kHashBits; ++bit) {
    if (spectrum[bit] > sorted[kHashBits / 2]) hash.bits[bit / 64] |= uint64_t{1} << bit % 64;
  }
  return hash;
}

int distance(const ImageHash& a, const ImageHash& b) {
  int bits = 0;
  for (size_t i = 0; i < a.bits.size(); ++i) bits += std::popcount(a.bits[i] ^ b.bits[i]);
  return bits;
}

}  // namespace dermatome
