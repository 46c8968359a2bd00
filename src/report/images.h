// A report's images: data URIs, and patch maps over them.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "src/model/clip.h"
#include "src/objective/objective.h"
#include "src/report/examples.h"
#include "src/report/patch_maps.h"

namespace dermatome {

// The part of the image that the model sees, as a JPEG in a data URI: of the model's size or,
// where the image has more pixels, up to 224 pixels per side. Throws DataError naming the image.
std::string image_uri(const Example& example, const ClipConfig& config);

// The patch maps of all records:
//   [{"row", "source", "captions": [{"aspect", "text"}],
//     "maps": [{"kind": "weights" | "cosines", "aspect", "text", "trained": [P], "untrained": [P],
//               "other": {"row", "aspect", "text", "values": [P]} | null}]}]
// `other` is the trained model's map of another record's caption. Values have four decimals, and
// are null where not finite.
nlohmann::json map_examples(const std::vector<Example>& examples, const EncodedExamples& trained,
                            const EncodedExamples& untrained, const Objective& objective);

}  // namespace dermatome
