// Concept annotation: how much an image shows each of some clinical concepts, by comparing prompts
// that name the concept with prompts that do not (MONET, Nature Medicine 2024; MAKE evaluates with
// it).
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "src/eval/benchmark_options.h"

namespace dermatome {

// Every concept's target prompts, concept after concept and template after template, one prompt per
// name; then the references.
std::vector<std::string> concept_prompts(const BenchmarkOptions& options);

struct ConceptScores {
  // Both [n, concepts] double.
  at::Tensor presence;  // in [0, 1]
  at::Tensor cosine;    // mean over the concept's target prompts
};

// Presence: for each template the softmax between the mean cosine to its target prompts and the
// cosine to its reference, divided by the temperature; then the mean over the templates.
//   images [n, d], prompts [number of prompts, d] as concept_prompts() orders them, L2-normalized.
ConceptScores score_concepts(const at::Tensor& images, const at::Tensor& prompts,
                             const BenchmarkOptions& options);

}  // namespace dermatome
