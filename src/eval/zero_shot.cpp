#include "src/eval/zero_shot.h"

#include <ATen/ATen.h>

#include <utility>

#include "src/core/error.h"
#include "src/eval/metrics.h"

namespace dermatome {
namespace {

std::string fill(std::string prompt, const std::string& name) {
  constexpr std::string_view kHole = "{}";
  for (size_t at = prompt.find(kHole); at != std::string::npos;
       at = prompt.find(kHole, at + name.size())) {
    prompt.replace(at, kHole.size(), name);
  }
  return prompt;
}

double retrieval_score(const at::Tensor& ranks, const std::string& metric) {
  constexpr std::string_view kRecall = "recall@";
  if (metric.starts_with(kRecall))
    return recall_at(ranks, std::stoll(metric.substr(kRecall.size())));
  if (metric == "mean_rank") return mean_rank(ranks);
  if (metric == "median_rank") return median_rank(ranks);
  throw InternalError("unknown retrieval metric " + metric);
}

// Adds `metrics` of one direction, their names behind `direction`.
void add_retrieval_scores(const RetrievalRanks& ranks, const std::vector<std::string>& metrics,
                          const std::string& direction, std::map<std::string, double>& scores) {
  for (const auto& metric : metrics) {
    scores[direction + metric] = retrieval_score(ranks.better, metric);
  }
  scores[direction + "tied"] = (ranks.tied > 0).to(at::kDouble).mean().item<double>();
}

}  // namespace

std::vector<std::string> class_prompts(const BenchmarkOptions& options) {
  std::vector<std::string> prompts;
  for (const auto& entry : options.classes) {
    for (const auto& name : entry.names) {
      for (const auto& text : options.templates) prompts.push_back(fill(text, name));
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

std::map<std::string, double> classification_scores(const at::Tensor& images,
                                                    const at::Tensor& classifier,
                                                    const at::Tensor& labels,
                                                    const std::vector<std::string>& metrics) {
  // open_clip scores with a fixed factor; it only matters for the AUROC of probabilities.
  const at::Tensor logits = 100 * images.mm(classifier.t());
  std::map<std::string, double> scores;
  for (const auto& metric : metrics) {
    if (metric == "top1") {
      scores[metric] = top_k_accuracy(logits, labels, 1);
    } else if (metric == "top5") {
      scores[metric] = top_k_accuracy(logits, labels, 5);
    } else if (metric == "balanced_accuracy") {
      scores[metric] = balanced_accuracy(logits, labels);
    } else if (metric == "weighted_f1") {
      scores[metric] = weighted_f1(logits, labels);
    } else if (metric == "auroc") {
      scores[metric] = macro_auroc(logits, labels);
    } else {
      throw InternalError("unknown classification metric " + metric);
    }
  }
  return scores;
}

std::map<std::string, double> retrieval_scores(const at::Tensor& images, const at::Tensor& texts,
                                               const std::vector<std::string>& metrics) {
  std::map<std::string, double> scores;
  add_retrieval_scores(retrieval_ranks(images, texts), metrics, "image_to_text_", scores);
  add_retrieval_scores(retrieval_ranks(texts, images), metrics, "text_to_image_", scores);
  return scores;
}

}  // namespace dermatome
