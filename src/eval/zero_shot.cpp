#include "src/eval/zero_shot.h"

#include <ATen/ATen.h>

#include "src/eval/prompt.h"

namespace dermatome {

std::vector<std::string> class_prompts(const BenchmarkOptions& options) {
  std::vector<std::string> prompts;
  for (const auto& entry : options.classes) {
    for (const auto& name : entry.names) {
      for (const auto& text : options.templates) prompts.push_back(fill_template(text, name));
    }
  }
  return prompts;
}

at::Tensor zero_shot_classifier(const at::Tensor& features, const BenchmarkOptions& options) {
  std::vector<at::Tensor> weights;
  int64_t first = 0;
  for (const auto& entry : options.classes) {
    const auto count = static_cast<int64_t>(entry.names.size() * options.templates.size());
    const at::Tensor mean = features.slice(0, first, first + count).mean(0);
    weights.push_back(mean / mean.norm());
    first += count;
  }
  return at::stack(weights);
}

at::Tensor zero_shot_logits(const at::Tensor& images, const at::Tensor& classifier) {
  return 100 * images.mm(classifier.t());
}

}  // namespace dermatome
