// Zero-shot classification: a classifier matrix made of class prompts.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "src/eval/benchmark_options.h"

namespace dermatome {

// Every class's prompts: for each of its names, each template filled with it; class after class.
std::vector<std::string> class_prompts(const BenchmarkOptions& options);

// open_clip's prompt ensemble: a class's weight is the L2-normalized mean of its prompts' features.
//   features [number of prompts, d], as class_prompts orders them. Returns [C, d].
at::Tensor zero_shot_classifier(const at::Tensor& features, const BenchmarkOptions& options);

// open_clip's logits, 100 times the cosine (the factor matters only for probabilities), [n, C].
//   images [n, d], classifier [C, d].
at::Tensor zero_shot_logits(const at::Tensor& images, const at::Tensor& classifier);

}  // namespace dermatome
