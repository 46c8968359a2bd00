#include "src/eval/result_json.h"

#include <nlohmann/json.hpp>
#include <tuple>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/kinds/kind.h"
#include "src/model/clip_config.h"

namespace dermatome {

using Json = nlohmann::ordered_json;

std::string architecture_name(const VisionConfig& vision) {
  if (!vision.timm_model_name.empty()) return vision.timm_model_name;
  std::string size = text(vision.width, "x", vision.layers);
  for (const auto& [letter, width, layers] :
       {std::tuple("S", 384, 12), {"B", 768, 12}, {"L", 1024, 24}, {"H", 1280, 32}}) {
    if (vision.width == width && vision.layers == layers) size = letter;
  }
  const bool is_panderm = vision.family == VisionFamily::kPanDerm;
  std::string name = text(is_panderm ? "PanDerm-" : "ViT-", size, "-", vision.patch_size);
  if (vision.image_size != 224) name += text("-", vision.image_size);
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

Json clip_benchmark_json(const BenchmarkResult& result, const BenchmarkKind& kind,
                         const ScoredModel& model) {
  const std::string task = kind.clip_benchmark_task();
  require(!task.empty(), "a kind of benchmark with a task in CLIP_benchmark");
  Json metrics = Json::object();
  for (const auto& [score, value] : result.scores) {
    metrics[kind.clip_benchmark_metric(score)] = value;
  }
  return {{"dataset", result.name}, {"model", model.architecture}, {"pretrained", model.checkpoint},
          {"task", task},           {"metrics", metrics},          {"language", "en"}};
}

}  // namespace dermatome
