// What a model finds for some records among others: images for a caption, captions for an image.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "src/report/examples.h"
#include "src/report/patch_maps.h"

namespace dermatome {

inline constexpr int64_t kHitsShown = 5;

// Searches all of `records` by cosine for each record in the places `queries` that has a raw
// caption. Equal raw captions count as one caption, whose own images are all images that have it:
//   {"images": number, "captions": number,
//    "by_caption": [{"row", "text", "rank", "tied", "hits": [{"row", "cosine", "own", "tied"}]}],
//    "by_image": [{"row", "rank", "tied", "hits": [{"text", "cosine", "own", "tied"}]}]}
// `rank` is that of the best own candidate: 1 plus the number of others that are as near or nearer.
// `tied` is the number of others that are exactly as near, or says whether a hit is one of them.
nlohmann::json retrieve(const std::vector<Example>& records, const EncodedExamples& encoded,
                        const std::vector<size_t>& queries);

}  // namespace dermatome
