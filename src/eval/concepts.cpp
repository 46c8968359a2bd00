#include "src/eval/concepts.h"

#include <ATen/ATen.h>

#include "src/core/error.h"
#include "src/eval/prompt.h"

namespace dermatome {

std::vector<std::string> concept_prompts(const BenchmarkOptions& options) {
  std::vector<std::string> prompts;
  for (const auto& entry : options.classes) {
    for (const auto& text : options.templates) {
      for (const auto& name : entry.names) prompts.push_back(fill_template(text, name));
    }
  }
  prompts.insert(prompts.end(), options.references.begin(), options.references.end());
  return prompts;
}

ConceptScores score_concepts(const at::Tensor& images, const at::Tensor& prompts,
                             const BenchmarkOptions& options) {
  const auto num_templates = static_cast<int64_t>(options.templates.size());
  require(options.references.size() == options.templates.size(), "a reference for each template");
  // [n, T]
  const at::Tensor references =
      images.mm(prompts.slice(0, prompts.size(0) - num_templates).t()).to(at::kDouble);
  std::vector<at::Tensor> presence;
  std::vector<at::Tensor> cosine;
  int64_t first = 0;
  for (const auto& entry : options.classes) {
    const auto names = static_cast<int64_t>(entry.names.size());
    const at::Tensor cosines =
        images.mm(prompts.slice(0, first, first + num_templates * names).t()).to(at::kDouble);
    const at::Tensor targets = cosines.view({-1, num_templates, names}).mean(2);
    // A softmax of two is a sigmoid of the difference.
    presence.push_back(((targets - references) / options.temperature).sigmoid().mean(1));
    cosine.push_back(targets.mean(1));
    first += num_templates * names;
  }
  return {at::stack(presence, 1), at::stack(cosine, 1)};
}

}  // namespace dermatome
