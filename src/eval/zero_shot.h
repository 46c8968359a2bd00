// What a benchmark's features score: zero-shot classification, by a classifier matrix made of class
// prompts, and retrieval.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "src/config/options.h"

namespace dermatome {

// Every class's prompts: for each of its names, each template filled with it; class after class.
std::vector<std::string> class_prompts(const BenchmarkOptions& options);

// open_clip's prompt ensemble: a class's weight is the L2-normalised mean of its prompts' features.
//   features [number of prompts, d], as class_prompts orders them. Returns [C, d].
at::Tensor zero_shot_classifier(const at::Tensor& features, const BenchmarkOptions& options);

// The metrics the benchmark asks for. images [n, d], labels [n] int64.
std::map<std::string, double> classification_scores(const at::Tensor& images,
                                                    const at::Tensor& classifier,
                                                    const at::Tensor& labels,
                                                    const std::vector<std::string>& metrics);

// The metrics a retrieval benchmark asks for, in both directions: `image_to_text_recall@10` and so
// on. Unasked, `image_to_text_tied` and `text_to_image_tied`: the share of queries for which
// another candidate is exactly as near as the own one, which then counts as found before it. images
// [n, d] and texts [n, d], row i of one belongs to row i of the other.
std::map<std::string, double> retrieval_scores(const at::Tensor& images, const at::Tensor& texts,
                                               const std::vector<std::string>& metrics);

}  // namespace dermatome
