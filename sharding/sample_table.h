// The samples of a table or folder: where their images are, not yet decoded, and their captions,
// not yet tokenized.
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

struct SampleTable {
  std::string kind;                      // make | derm1m | captions | labels | folder
  std::string content_hash;              // SHA-256 of the file, or of a folder's list of images
  std::vector<std::string> aspects;      // N caption names
  std::vector<std::string> label_names;  // UTF-8, sorted; a sample's label is the place in here
  std::vector<CaptionedSample> samples;
  std::vector<std::string> warnings;  // what looks wrong, counted, with the first line
};

// The names of the N captions of a sample with `num_subcaptions` subcaptions.
std::vector<std::string> caption_aspects(int64_t num_subcaptions);

}  // namespace dermatome
