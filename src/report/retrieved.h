// What a model finds for some records among others: images for a caption, captions for an image.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "src/report/examples.h"
#include "src/report/patch_maps.h"

namespace dermatome {

inline constexpr int64_t kHitsShown = 5;

// For those of `records` in the places `queries` that have a raw caption, by cosine among all of
// `records`; equal raw captions count as one, and every image of theirs as its own:
//   {"images": number, "captions": number,
//    "by_caption": [{"row", "text", "rank", "hits": [{"row", "cosine", "own"}]}],
//    "by_image": [{"row", "rank", "hits": [{"text", "cosine", "own"}]}]}
// `rank` is the own one's, 1 the best: how many candidates are as near or nearer.
nlohmann::json retrieve(const std::vector<Example>& records, const EncodedExamples& encoded,
                        const std::vector<size_t>& queries);

}  // namespace dermatome
