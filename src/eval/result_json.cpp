#include "src/eval/result_json.h"

#include <map>
#include <tuple>

#include "src/core/error.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

// CLIP_benchmark's name for one of our scores, ours where it has none.
std::string clip_benchmark_name(const std::string& score) {
  static const std::map<std::string, std::string> kNames = {
      {"top1", "acc1"}, {"top5", "acc5"}, {"balanced_accuracy", "mean_per_class_recall"}};
  const auto found = kNames.find(score);
  if (found != kNames.end()) return found->second;
  // A retrieval is named there by what is found.
  const std::string picture = "text_to_image_R@";
  const std::string text = "image_to_text_R@";
  if (score.starts_with(picture)) return "image_retrieval_recall@" + score.substr(picture.size());
  if (score.starts_with(text)) return "text_retrieval_recall@" + score.substr(text.size());
  return score;
}

}  // namespace

std::string architecture_name(const VisionConfig& vision) {
  std::string size = std::to_string(vision.width) + "x" + std::to_string(vision.layers);
  for (const auto& [letter, width, layers] :
       {std::tuple("S", 384, 12), {"B", 768, 12}, {"L", 1024, 24}, {"H", 1280, 32}}) {
    if (vision.width == width && vision.layers == layers) size = letter;
  }
  std::string name = "ViT-" + size + "-" + std::to_string(vision.patch_size);
  if (vision.image_size != 224) name += "-" + std::to_string(vision.image_size);
  return name;
}

std::string architecture_name(const ClipConfig& config) {
  return architecture_name(config.vision) + (config.quick_gelu ? "-quickgelu" : "");
}

Json result_json(const BenchmarkResult& result, const ScoredModel& model) {
  Json line = {{"benchmark", result.name},
               {"checkpoint", model.checkpoint},
               {"num_samples", result.num_samples},
               {"scores", result.scores}};
  line.update(result.details);
  line["hashes"]["weights"] = model.weights;
  return line;
}

Json clip_benchmark_json(const BenchmarkResult& result, const ScoredModel& model) {
  const std::string kind = result.details.at("kind");
  std::string task;
  if (kind == "classification") task = "zeroshot_classification";
  if (kind == "retrieval") task = "zeroshot_retrieval";
  if (task.empty()) {
    throw ConfigError("benchmark " + result.name +
                      ": CLIP_benchmark has no task for kind: " + kind + "; leave out --format");
  }
  Json metrics = Json::object();
  for (const auto& [score, value] : result.scores) metrics[clip_benchmark_name(score)] = value;
  return {{"dataset", result.name}, {"model", model.architecture}, {"pretrained", model.checkpoint},
          {"task", task},           {"metrics", metrics},          {"language", "en"}};
}

}  // namespace dermatome
