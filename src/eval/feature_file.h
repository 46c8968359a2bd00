// Features of image files and texts, into a safetensors or NumPy file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/model/clip.h"

namespace dermatome {

struct FeatureFileOptions {
  std::vector<std::string> images = {};  // files
  std::string csv = {};                  // instead of `images`: a table with an image in every row,
  std::string images_root = {};          // relative to this folder,
  std::string image_column = "filename";  // in this column
  std::string texts = {};                 // UTF-8 file, one text a line; empty: none
  std::string output = {};                // .safetensors, or .npy for images or texts alone
  bool raw = false;                       // images' features as projected, not normalized
  int64_t batch_size = 64;                // of an encode call
};

struct FeatureInputs {
  std::vector<std::string> images, texts;
};

// What is to be encoded, read and checked before a model is loaded. Throws ConfigError for options
// that contradict each other, DataError for files that cannot be read.
FeatureInputs read_feature_inputs(const FeatureFileOptions& options);

// Writes image_features [images, d] and text_features [texts, d] to options.output. Throws
// DataError.
void write_feature_file(const Clip& model, const FeatureInputs& inputs,
                        const FeatureFileOptions& options);

}  // namespace dermatome
