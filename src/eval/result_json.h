// A benchmark's result as a line of JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace dermatome {

class BenchmarkKind;
struct BenchmarkResult;
struct ClipConfig;
struct VisionConfig;

// The model that a result belongs to.
struct ScoredModel {
  std::string checkpoint;    // as given
  std::string architecture;  // architecture_name()
  std::string weights;       // weights_hash()
};

// open_clip's name of the image tower if it has one, such as ViT-B-16 or ViT-L-14-336; else its
// width, layers, patch size and, unless it is 224, image size.
std::string architecture_name(const VisionConfig& vision);

// The same for the whole model, such as ViT-B-16-quickgelu.
std::string architecture_name(const ClipConfig& config);

// Dermatome's own format: `benchmark`, `checkpoint`, `num_samples`, `scores` and the result's
// details, with the weights' hash among the `hashes`.
nlohmann::ordered_json result_json(const BenchmarkResult& result, const ScoredModel& model);

// The format of CLIP_benchmark (LAION): `dataset`, `model`, `pretrained`, `task`, `metrics` (under
// CLIP_benchmark's names where it has one), `language`. CLIP_benchmark has a task for `kind`, the
// benchmark's kind.
nlohmann::ordered_json clip_benchmark_json(const BenchmarkResult& result, const BenchmarkKind& kind,
                                           const ScoredModel& model);

}  // namespace dermatome
