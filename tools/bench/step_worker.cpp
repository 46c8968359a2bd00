// Runs training steps on a batch in memory, and each part of a step alone.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <filesystem>
#include <memory>

#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/objective/create_objective.h"
#include "src/train/finite_watch.h"
#include "src/train/optimizer.h"
#include "src/train/train_step.h"
#include "src/weights/description.h"
#include "src/weights/hub.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights.h"
#include "tools/bench/measured_collectives.h"
#include "tools/bench/worker.h"

namespace dermatome::bench {
namespace {

struct Arguments {
  std::string model;    // hub-layout directory
  std::string batches;  // directory with <rank>.safetensors
  double lr = 0;
  std::vector<std::string> settings;
};

TrainOptions train_options(const Arguments& arguments) {
  TrainOptions options;
  options.objective = objective_options(arguments.settings);
  options.optimizer.weight_decay = 0.1;
  return options;
}

class StepWorker {
 public:
  StepWorker(const Arguments& arguments, Collectives& collectives)
      : options_(train_options(arguments)),
        lr_(arguments.lr),
        collectives_(collectives),
        model_(read_hub_config(arguments.model), c10::kCPU),
        optimizer_(model_.parameters(), options_.optimizer),
        watch_(options_.optimizer.non_finite, collectives_),
        step_(model_, collectives_, options_) {
    load_weights(model_, arguments.model);
    const auto tensors = read_safetensors(std::filesystem::path(arguments.batches) /
                                          (std::to_string(collectives.rank()) + ".safetensors"));
    batch_.images = tensors.at("pixels");
    batch_.tokens = tensors.at("tokens");
    batch_.lengths = tensors.at("lengths");
    batch_.caption = tensors.at("caption");
    batch_.mask = tensors.at("mask").to(at::kBool);
    batch_.sample_ids.resize(static_cast<size_t>(batch_.images.size(0)));
    const at::Tensor own =
        at::tensor({batch_.images.size(0), batch_.tokens.size(0)}, at::kLong).unsqueeze(0);
    at::Tensor all = at::empty({collectives.size(), 2}, at::kLong);
    collectives.all_gather(all, own, "sizes")->wait();
    for (int rank = 0; rank < collectives.size(); ++rank) {
      sizes_.images.push_back(all[rank][0].item<int64_t>());
      sizes_.texts.push_back(all[rank][1].item<int64_t>());
    }
  }

  // "cpu" and "wall": seconds of the whole step; "without_optimizer": its CPU seconds up to the
  // gradients; "peak": MiB.
  nlohmann::json step() {
    StepResult result;
    double without_optimizer = 0;
    nlohmann::json cost;
    const nlohmann::json memory = memory_of([&] {
      cost = cost_of([&] {
        without_optimizer = cost_of([&] { result = gradients(); })["cpu"].get<double>();
        update(result);
      });
    });
    cost["peak"] = memory["peak"];
    cost["without_optimizer"] = without_optimizer;
    cost["loss"] = result.objective.total.item<double>();
    return cost;
  }

  nlohmann::json write_gradients(const std::string& file) {
    NamedTensors tensors = {{"total", gradients().objective.total.to(at::kDouble)}};
    for (const NamedParameter& parameter : model_.parameters()) {
      tensors.emplace_back(parameter.name, parameter.value.grad());
    }
    write_safetensors(file, tensors);
    return nullptr;
  }

  // CPU seconds of each part of a step of one rank, forward and backward.
  nlohmann::json parts() {
    const auto cpu_of = [](const auto& work) {
      return cost_of(work)["cpu"].template get<double>();
    };
    const auto objective = create_objective(options_.objective);
    const bool with_patches = objective->needs_patches();
    ImageFeatures image;
    at::Tensor text;
    nlohmann::json seconds;
    seconds["image_tower"] = cpu_of([&] {
      image = model_.encode_image(batch_.images, with_patches);
      std::vector<at::Tensor> outputs = {image.image};
      if (with_patches) outputs.push_back(image.patches);
      backward(outputs);
    });
    seconds["text_tower"] = cpu_of([&] {
      text = model_.encode_text(batch_.tokens, batch_.lengths);
      backward({text});
    });
    ObjectiveInput input = {.image = image.image.detach(),
                            .local = {},
                            .text = text.detach(),
                            .caption = batch_.caption,
                            .mask = batch_.mask,
                            .logit_scale = model_.logit_scale().detach()};
    if (with_patches) {
      seconds["local_attention"] = cpu_of([&] {
        const at::Tensor rows = objective->pooling_texts(batch_.caption, batch_.mask);
        const at::Tensor raw = text.detach().requires_grad_();
        const at::Tensor local =
            objective->pool(image.patches.detach().requires_grad_(), raw, rows);
        input.local = local.detach();
        backward({local});
      });
    }
    StepResult result;
    seconds["objective"] = cpu_of([&] {
      result.objective =
          objective->evaluate(input, objective->start_text_gather(input.text, sizes_, collectives_),
                              sizes_, collectives_);
    });
    seconds["optimizer"] = cpu_of([&] { update(result); });
    return seconds;
  }

  // A step's collectives in the order of their start, with the seconds that are exposed in the step
  // and the seconds that the collective takes alone.
  nlohmann::json collectives() {
    collectives_.take();
    gradients();
    nlohmann::json table = nlohmann::json::array();
    for (const CollectiveRecord& record : collectives_.take()) {
      table.push_back({{"what", record.what},
                       {"bytes", record.bytes},
                       {"exposed", record.exposed},
                       {"alone", time_alone(collectives_, record)}});
    }
    return table;
  }

 private:
  StepResult gradients() { return step_.compute_gradients(batch_, sizes_); }

  // Updates as in training, including the check that decides whether the step is applied.
  void update(const StepResult& result) {
    const at::Tensor norm = clip_gradient_norm(model_.parameters(), options_.optimizer.clip_norm);
    optimizer_.step(lr_, watch_.check(/*step=*/1, result, norm, batch_));
    model_.logit_scale().detach().clamp_(0, std::log(100.0));
    watch_.report();
  }

  static void backward(const std::vector<at::Tensor>& outputs) {
    std::vector<at::Tensor> gradients;
    gradients.reserve(outputs.size());
    for (const at::Tensor& output : outputs) gradients.push_back(at::full_like(output, 1e-3));
    torch::autograd::backward(outputs, gradients);
  }

  TrainOptions options_;
  double lr_;
  MeasuredCollectives collectives_;
  Clip model_;
  AdamW optimizer_;
  FiniteWatch watch_;
  TrainStep step_;
  Batch batch_;
  GlobalSizes sizes_;
};

}  // namespace

void add_step(CLI::App& app) {
  CLI::App* weights = app.add_subcommand("weights", "Write a model with initial weights");
  const auto config = std::make_shared<std::string>(), output = std::make_shared<std::string>();
  weights->add_option("config", *config)->required();
  weights->add_option("output", *output)->required();
  weights->callback([config, output] {
    Clip model(read_description(*config), c10::kCPU);
    model.initialize(1);
    write_hub(model, *output);
  });

  CLI::App* command =
      app.add_subcommand("step", "Commands: step, gradients FILE, parts, collectives");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("--model", arguments->model)->required();
  command->add_option("--batches", arguments->batches)->required();
  command->add_option("--lr", arguments->lr)->required();
  command->add_option("settings", arguments->settings, "Keys of the section objective, KEY=VALUE");
  command->callback([arguments] {
    run_with_runtime(runtime_options(), [&](Runtime& runtime) {
      StepWorker worker(*arguments, runtime.collectives());
      serve(runtime.collectives(),
            {{"step", [&](const auto&) { return worker.step(); }},
             {"gradients", [&](const auto& file) { return worker.write_gradients(file); }},
             {"parts", [&](const auto&) { return worker.parts(); }},
             {"collectives", [&](const auto&) { return worker.collectives(); }}});
      return 0;
    });
  });
}

}  // namespace dermatome::bench
