#include "src/data/patch_dropout.h"

#include <algorithm>

#include "src/core/error.h"
#include "src/core/rng.h"

namespace dermatome {

int64_t num_kept_patches(int64_t num_patches, double dropout) {
  return std::max<int64_t>(1,
                           static_cast<int64_t>(static_cast<double>(num_patches) * (1 - dropout)));
}

void draw_kept_patches(std::span<int64_t> kept, int64_t num_patches, uint64_t seed, int64_t epoch,
                       int64_t draw) {
  require(std::ssize(kept) <= num_patches, "more patches to keep than there are");
  Rng rng(seed, RngPurpose::kPatchDropout, static_cast<uint64_t>(epoch),
          static_cast<uint64_t>(draw));
  // Each patch is taken with probability (patches still wanted) / (patches left).
  auto next = kept.begin();
  for (int64_t patch = 0; next != kept.end(); ++patch) {
    const auto wanted = static_cast<uint64_t>(kept.end() - next);
    if (rng.below(static_cast<uint64_t>(num_patches - patch)) < wanted) *next++ = patch;
  }
}

}  // namespace dermatome
