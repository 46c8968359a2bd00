// A benchmark's result as it is written.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dermatome {

class BenchmarkKind;
struct BenchmarkResult;
struct ClipConfig;
struct VisionConfig;

// Which model a result is of.
struct ScoredModel {
  std::string checkpoint;    // as given
  std::string architecture;  // architecture_name()
  std::string weights;       // weights_hash()
};

// open_clip's name of the image tower where it has one, as ViT-B-16 or ViT-L-14-336; else its
// width, layers, patch size and, unless it is 224, image size.
std::string architecture_name(const VisionConfig& vision);

// The same of the whole model, as ViT-B-16-quickgelu.
std::string architecture_name(const ClipConfig& config);

// Dermatome's own: `benchmark`, `checkpoint`, `num_samples`, `scores` and the result's details, the
// weights' hash among the `hashes`.
nlohmann::ordered_json result_json(const BenchmarkResult& result, const ScoredModel& model);

// CLIP_benchmark's (LAION): `dataset`, `model`, `pretrained`, `task`, `metrics` under its names
// where it has one, `language`. `kind`: the benchmark's, for which CLIP_benchmark has a task.
nlohmann::ordered_json clip_benchmark_json(const BenchmarkResult& result, const BenchmarkKind& kind,
                                           const ScoredModel& model);

}  // namespace dermatome
