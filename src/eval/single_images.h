// What a model sees in single images: a benchmark's classes or concepts, ranked. The benchmark's
// data are not read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "src/config/model_options.h"
#include "src/eval/kinds/kind.h"

namespace dermatome {

class Clip;

struct SingleImageOptions {
  int64_t top = 5;  // how many classes are kept; 0: all
  int64_t batch_size = 256;
  Precision precision = Precision::kFp32;
  std::filesystem::path cache;  // cached_text_features()
};

struct SingleImages {
  std::vector<std::string> images;               // as given
  std::string list;                              // what the classes are called
  std::string note;                              // what the numbers do not mean
  std::vector<std::vector<RankedClass>> ranked;  // [images], the highest rank first
};

// Reads the benchmark at `path`, without its data. Throws ConfigError for one of another kind than
// `only` (null: any kind), and for a kind that has no ranking().
BenchmarkOptions load_ranked_benchmark(const std::string& path, const BenchmarkKind* only);

// The kind of `benchmark` must have a ranking(). Throws DataError naming the file.
SingleImages rank_images(const Clip& model, const std::vector<std::string>& images,
                         const BenchmarkOptions& benchmark, const SingleImageOptions& how);

// One line for each image and class, under a heading for each image, then the note.
std::string as_text(const SingleImages& found);

// A JSON object for each image: `image`, `benchmark`, `checkpoint`, the classes, `note`.
std::vector<nlohmann::ordered_json> as_json(const SingleImages& found, const std::string& benchmark,
                                            const std::string& checkpoint);

}  // namespace dermatome
