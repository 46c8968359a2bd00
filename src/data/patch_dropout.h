// Patch dropout (FLIP, arXiv 2212.00794; as in open_clip): training encodes a random part of an
// image's patches, which saves their share of the image tower.
#pragma once

#include <cstdint>
#include <span>

namespace dermatome {

// How many patches are kept: at least one, as open_clip rounds. `dropout` in [0, 1).
int64_t num_kept_patches(int64_t num_patches, double dropout);

// Fills `kept` with distinct patches of [0, num_patches), ascending, for the image that is drawn
// `draw`-th (counted over all ranks) in `epoch`; every choice is equally likely.
void draw_kept_patches(std::span<int64_t> kept, int64_t num_patches, uint64_t seed, int64_t epoch,
                       int64_t draw);

}  // namespace dermatome
