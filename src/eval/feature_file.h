// Writes features of image files and texts to a safetensors or NumPy file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/model/clip.h"

namespace dermatome {

struct FeatureFileOptions {
  std::vector<std::string> images = {};   // files
  std::string csv = {};                   // instead of `images`: a table with one image per row
  std::string images_root = {};           // the folder that the table's paths are relative to
  std::string image_column = "filename";  // the table's column of paths
  std::string texts = {};                 // UTF-8 file, one text per line; empty: none
  std::string output = {};                // .safetensors, or .npy for images or texts alone
  bool raw = false;                       // images' features as projected, not normalized
  int64_t batch_size = 64;                // images or texts per encode call
};

struct FeatureInputs {
  std::vector<std::string> images, texts;
};

// Reads and checks what is to be encoded, before a model is loaded. Throws ConfigError for options
// that contradict each other, DataError for files that cannot be read.
FeatureInputs read_feature_inputs(const FeatureFileOptions& options);

// Writes image_features [images, d] and text_features [texts, d] to options.output. Throws
// DataError.
void write_feature_file(const Clip& model, const FeatureInputs& inputs,
                        const FeatureFileOptions& options);

}  // namespace dermatome
