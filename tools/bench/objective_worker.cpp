// Computes the objective and its gradients on given embeddings.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <memory>

#include "src/config/objective_options.h"
#include "src/config/train_config.h"
#include "src/objective/create_objective.h"
#include "src/weights/safetensors.h"
#include "tools/bench/worker.h"

namespace dermatome::bench {
namespace {

struct Arguments {
  std::string input;
  std::vector<std::string> settings;
};

struct Gradients {
  ObjectiveResult result;
  at::Tensor text;     // [U, d], including the gradient of the patch selection
  at::Tensor patches;  // [B, P, d]; undefined if the local vectors are given
};

class ObjectiveWorker {
 public:
  ObjectiveWorker(const Arguments& arguments, Collectives& collectives)
      : tensors_(read_safetensors(arguments.input)),
        objective_(create_objective(objective_options(arguments.settings))),
        collectives_(collectives) {}

  // Evaluates the first `num_samples` samples; 0 means all.
  Gradients evaluate(int64_t num_samples) {
    const auto samples = [&](const std::string& name) {
      const at::Tensor& all = tensors_.at(name);
      return num_samples > 0 ? all.slice(0, 0, num_samples) : all;
    };
    ObjectiveInput input;
    input.image = samples("image");
    input.text = tensors_.at("text");
    input.caption = samples("caption");
    input.mask = samples("mask").to(at::kBool);
    input.logit_scale = tensors_.at("logit_scale");
    const GlobalSizes sizes = {{input.image.size(0)}, {input.text.size(0)}};

    Gradients gradients;
    if (tensors_.contains("local")) {
      input.local = samples("local");
      gradients.result = value_of(input, sizes);
      gradients.text = gradients.result.grad_text;
      return gradients;
    }
    const at::Tensor text = input.text.detach().requires_grad_();
    const at::Tensor patches = samples("patches").detach().requires_grad_();
    const at::Tensor rows = objective_->pooling_texts(input.caption, input.mask);
    const at::Tensor local = objective_->pool(patches, text, rows);
    input.local = local.detach();
    gradients.result = value_of(input, sizes);
    torch::autograd::backward({local}, {gradients.result.grad_local});
    gradients.text = gradients.result.grad_text + text.grad();
    gradients.patches = patches.grad();
    return gradients;
  }

  nlohmann::json write_gradients(const std::string& file) {
    const Gradients gradients = evaluate(0);
    NamedTensors tensors = {{"total", gradients.result.total},
                            {"image", gradients.result.grad_image},
                            {"text", gradients.text}};
    if (gradients.patches.defined()) {
      tensors.emplace_back("patches", gradients.patches);
    } else {
      tensors.emplace_back("local", gradients.result.grad_local);
    }
    write_safetensors(file, tensors);
    return nullptr;
  }

 private:
  ObjectiveResult value_of(const ObjectiveInput& input, const GlobalSizes& sizes) {
    return objective_->evaluate(
        input, objective_->start_text_gather(input.text, sizes, collectives_), sizes, collectives_);
  }

  std::map<std::string, at::Tensor> tensors_;
  std::unique_ptr<const Objective> objective_;
  Collectives& collectives_;
};

}  // namespace

void add_objective(CLI::App& app) {
  CLI::App* command = app.add_subcommand("objective", "Commands: memory, step, gradients FILE");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("--input", arguments->input)->required();
  command->add_option("settings", arguments->settings, "Keys of the section objective, KEY=VALUE");
  command->callback([arguments] {
    run_with_runtime(runtime_options(), [&](Runtime& runtime) {
      ObjectiveWorker worker(*arguments, runtime.collectives());
      // The first evaluation is not measured, because libraries allocate their own buffers in it.
      worker.evaluate(2);
      serve(runtime.collectives(),
            {{"memory", [&](const auto&) { return memory_of([&] { worker.evaluate(0); }); }},
             {"step", [&](const auto&) { return cost_of([&] { worker.evaluate(0); }); }},
             {"gradients", [&](const auto& file) { return worker.write_gradients(file); }}});
      return 0;
    });
  });
}

}  // namespace dermatome::bench
