// Where a caption stands in a batch: the one rule that data, model and objective share.
//
// A sample carries N captions ("knowledge aspects") in a fixed order: the raw caption, the ontology
// (diagnosis) caption, the visual-concept caption, then the subcaptions. Tensors over all captions
// of a batch are sample-major: caption k of sample i is row i * N + k.
#pragma once

#include <cstdint>

namespace dermatome {

inline constexpr int64_t kRawCaption = 0;
inline constexpr int64_t kOntologyCaption = 1;
inline constexpr int64_t kVisualConceptCaption = 2;
// The first subcaption; also the number of knowledge captions before it.
inline constexpr int64_t kFirstSubcaption = 3;
inline constexpr int64_t kDefaultNumSubcaptions = 8;

constexpr int64_t caption_row(int64_t sample, int64_t caption, int64_t num_captions) {
  return sample * num_captions + caption;
}

}  // namespace dermatome
