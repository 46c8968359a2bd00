#include "src/leakage/near_duplicates.h"

#include <atomic>
#include <cstdint>

#include "sharding/parallel.h"
#include "src/core/error.h"
#include "src/core/progress.h"
#include "src/core/text.h"
#include "src/image/wide_vectors.h"

namespace dermatome {
namespace {

// Appends b's hashes from `first` on that are near `hash`. For most, the first half of the bits
// already shows that they are far.
DERMATOME_WIDE_VECTORS
void find_near(const ImageHash& hash, size_t a, std::span<const ImageHash> b, size_t first,
               int max_distance, std::vector<NearDuplicate>& found) {
  for (size_t i = first; i < b.size(); ++i) {
    const auto& bits = b[i].bits;
    const int half =
        __builtin_popcountll(hash.bits[0] ^ bits[0]) + __builtin_popcountll(hash.bits[1] ^ bits[1]);
    if (half > max_distance) continue;
    const int all = half + __builtin_popcountll(hash.bits[2] ^ bits[2]) +
                    __builtin_popcountll(hash.bits[3] ^ bits[3]);
    if (all <= max_distance) found.push_back({a, i, all});
  }
}

std::vector<NearDuplicate> compare(std::span<const ImageHash> a, std::span<const ImageHash> b,
                                   bool within, int max_distance, int num_threads) {
  std::vector<std::vector<NearDuplicate>> found(a.size());
  std::atomic<size_t> total = 0;
  Progress progress("images compared", std::ssize(a));
  parallel_for(std::ssize(a), num_threads, [&](int64_t item) {
    const auto i = static_cast<size_t>(item);
    find_near(a[i], i, b, within ? i + 1 : 0, max_distance, found[i]);
    if ((total += found[i].size()) > kMaxPairs) {
      throw DataError(text("more than ", kMaxPairs,
                           " pairs of images are near-duplicates; lower --distance, or remove "
                           "images without content"));
    }
    progress.add(1);
  });
  std::vector<NearDuplicate> pairs;
  for (const auto& part : found) pairs.insert(pairs.end(), part.begin(), part.end());
  return pairs;
}

}  // namespace

std::vector<NearDuplicate> near_duplicates_within(std::span<const ImageHash> set, int max_distance,
                                                  int num_threads) {
  return compare(set, set, /*within=*/true, max_distance, num_threads);
}

std::vector<NearDuplicate> near_duplicates_between(std::span<const ImageHash> a,
                                                   std::span<const ImageHash> b, int max_distance,
                                                   int num_threads) {
  return compare(a, b, /*within=*/false, max_distance, num_threads);
}

}  // namespace dermatome
