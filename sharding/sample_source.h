// A pair as ingestion hands it over: where the picture is and its captions, not yet decoded or
// tokenised.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dermatome {

struct CaptionedSample {
  std::string image_path;  // as the table has it; also the sample's name in every message
  std::vector<std::string> captions;  // N, in the order of src/core/caption_rows.h; empty = none
  std::vector<uint8_t> mask;          // N: 1 = valid; a missing caption is never valid
  int64_t label = -1;
  int64_t ontology = -1;
};

}  // namespace dermatome
