#include "tests/objective/golden_loss.h"

#include <ATen/ATen.h>

#include <utility>

#include "src/config/objective_options.h"
#include "src/core/caption_rows.h"
#include "tests/support/golden.h"

namespace dermatome {
namespace {

// The entries of `tensors` whose names start with `prefix`, which is removed.
NamedValues below(const NamedValues& tensors, const std::string& prefix) {
  NamedValues found;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix)) found[name.substr(prefix.size())] = tensor.to(at::kDouble);
  }
  return found;
}

GoldenLoss golden_loss(const std::string& name, const nlohmann::ordered_json& parameters,
                       const NamedValues& inputs, NamedValues expected) {
  GoldenLoss loss;
  loss.name = name;
  loss.batch.image = inputs.at("img");
  loss.batch.text = inputs.at("txt");
  loss.batch.patches = inputs.at("pat");
  loss.batch.mask = inputs.at("mask");
  loss.batch.scale = parameters.at("scale").get<double>();
  loss.batch.options.sigma = parameters.at("sigma").get<double>();
  loss.batch.options.lambda_m = parameters.at("lambda_m").get<double>();
  loss.batch.options.lambda_s = parameters.at("lambda_s").get<double>();
  loss.batch.options.subcaption_weights = parameters.at("use_weights").get<bool>();
  loss.batch.options.num_subcaptions = loss.batch.mask.size(1) - kFirstSubcaption;
  loss.expected = std::move(expected);
  return loss;
}

}  // namespace

std::vector<GoldenLoss> golden_losses() {
  const nlohmann::ordered_json cases = read_golden_json("loss.json");
  const NamedValues paper = read_golden_tensors("loss_paper.safetensors");
  const NamedValues released = read_golden_tensors("loss_reference.safetensors");
  std::vector<GoldenLoss> losses;
  for (const auto& [name, parameters] : cases.items()) {
    const NamedValues inputs = below(released, name + ".in.");
    losses.push_back(
        golden_loss(name + ".released", parameters, inputs, below(released, name + ".out.")));
    losses.back().batch.options.mode = ObjectiveMode::kReleased;
    for (const auto& [variant, values] : parameters.at("paper").items()) {
      const std::string full_name = name + "." + variant;
      NamedValues expected = below(paper, full_name + ".");
      // Names that start with "sub.all." include those of "sub.all.renorm.".
      std::erase_if(expected, [](const auto& entry) { return entry.first.starts_with("renorm."); });
      losses.push_back(golden_loss(full_name, parameters, inputs, std::move(expected)));
      ObjectiveOptions& options = losses.back().batch.options;
      options.positives =
          variant.starts_with("sub") ? LocalPositives::kSub : LocalPositives::kKnowledge;
      options.negatives =
          variant.find("valid") != std::string::npos ? Negatives::kValid : Negatives::kAll;
      options.renormalize_local = variant.ends_with(".renorm");
    }
  }
  return losses;
}

}  // namespace dermatome
