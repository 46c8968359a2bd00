// `dermatome objective`: the objective and its gradients on given features, so that anyone can
// check the maths from outside.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/objective_options.h"
#include "src/config/runtime_options.h"
#include "src/config/train_config.h"
#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/objective/create_objective.h"
#include "src/weights/safetensors.h"

namespace dermatome {
namespace {

struct Arguments {
  std::string input, output;
  at::ScalarType dtype = at::kDouble;
  double scale = 1;
  std::vector<std::string> settings;
  RuntimeOptions runtime;
};

struct Features {
  at::Tensor image;    // [B, d]
  at::Tensor text;     // [B*N, d]: row i * N + k is caption k of sample i
  at::Tensor patches;  // [B, P, d]
  at::Tensor mask;     // [B, N] bool
};

// Throws DataError unless `tensor` has the shape `wanted`, in which -1 stands for any size.
void check_shape(const std::string& file, const std::string& name, const at::Tensor& tensor,
                 const std::vector<int64_t>& wanted, const std::string& meaning) {
  const auto shape = tensor.sizes();
  const bool fits = shape.size() == wanted.size() &&
                    std::equal(wanted.begin(), wanted.end(), shape.begin(),
                               [](int64_t want, int64_t size) { return want < 0 || want == size; });
  if (fits) return;
  std::string text;
  for (const int64_t size : shape) text += (text.empty() ? "" : ", ") + std::to_string(size);
  throw DataError(file + ": tensor " + name + " has shape [" + text + "], expected " + meaning);
}

Features read_features(const std::string& file, at::ScalarType dtype) {
  const std::map<std::string, at::Tensor> tensors = read_safetensors(file);
  const auto tensor = [&](const std::string& name) {
    const auto found = tensors.find(name);
    if (found == tensors.end()) {
      throw DataError(file + ": has no tensor " + name + "; img, txt, pat and mask are needed");
    }
    return found->second;
  };
  const at::Tensor mask = tensor("mask");
  check_shape(file, "mask", mask, {-1, -1}, "[B, N]");
  const int64_t num_samples = mask.size(0), num_captions = mask.size(1);
  if (num_captions < kFirstSubcaption) {
    throw DataError(file + ": tensor mask has N = " + std::to_string(num_captions) +
                    " captions a sample; there are at least 3 (raw, ontology, visual concept)");
  }
  if (!mask.eq(0).logical_or(mask.eq(1)).all().item<bool>()) {
    throw DataError(file + ": tensor mask has values other than 0 and 1");
  }
  const std::string sizes =
      " for mask's B = " + std::to_string(num_samples) + ", N = " + std::to_string(num_captions);
  const at::Tensor image = tensor("img");
  check_shape(file, "img", image, {num_samples, -1}, "[B, d]" + sizes);
  const int64_t width = image.size(1);
  const std::string all_sizes = sizes + " and img's d = " + std::to_string(width);
  const at::Tensor text = tensor("txt"), patches = tensor("pat");
  check_shape(file, "txt", text, {num_samples * num_captions, width}, "[B*N, d]" + all_sizes);
  check_shape(file, "pat", patches, {num_samples, -1, width}, "[B, P, d]" + all_sizes);
  return {image.to(dtype), text.to(dtype), patches.to(dtype), mask.to(at::kBool)};
}

// This rank's samples of what all ranks hold.
Features own_part(const Features& whole, int64_t begin, int64_t size, c10::Device device) {
  const int64_t num_captions = whole.mask.size(1);
  return {whole.image.narrow(0, begin, size).to(device),
          whole.text.narrow(0, begin * num_captions, size * num_captions).to(device),
          whole.patches.narrow(0, begin, size).to(device),
          whole.mask.narrow(0, begin, size).to(device)};
}

// How many of `num_samples` each rank takes.
std::vector<int64_t> split(int64_t num_samples, int num_ranks) {
  std::vector<int64_t> sizes;
  for (int64_t rank = 0; rank < num_ranks; ++rank) {
    sizes.push_back(num_samples * (rank + 1) / num_ranks - num_samples * rank / num_ranks);
  }
  return sizes;
}

// Every caption is a text of its own, so that every row's gradient can be told apart.
NamedTensors evaluate(const Features& own, const GlobalSizes& sizes, double scale,
                      const Objective& objective, Collectives& collectives) {
  const at::Tensor text = own.text.clone().requires_grad_();
  const at::Tensor patches = own.patches.clone().requires_grad_();
  ObjectiveInput input;
  input.image = own.image;
  input.text = own.text;
  input.mask = own.mask;
  input.caption =
      at::arange(own.mask.numel(), own.mask.options().dtype(at::kLong)).view(own.mask.sizes());
  input.logit_scale = at::full({}, std::log(scale), own.image.options());
  at::Tensor local = at::zeros_like(own.image);
  if (objective.needs_patches()) {
    local = objective.pool(patches, text, objective.pooling_texts(input.caption, input.mask));
    input.local = local.detach();
  }
  const ObjectiveResult result = objective.evaluate(
      input, objective.start_text_gather(input.text, sizes, collectives), sizes, collectives);

  at::Tensor grad_text = result.grad_text;
  at::Tensor grad_patch = at::zeros_like(own.patches);
  if (objective.needs_patches()) {
    torch::autograd::backward({local}, {result.grad_local});
    grad_text = grad_text + text.grad();
    grad_patch = patches.grad();
  }
  const auto gather = [&](const at::Tensor& rows, const std::vector<int64_t>& counts) {
    return RowGather(collectives, rows.detach(), counts, "results").finish();
  };
  at::Tensor grad_scale = result.grad_scale.clone();
  collectives.all_reduce_sum(grad_scale, "gradient of the scale")->wait();
  NamedTensors values = {{"total", result.total}};
  values.insert(values.end(), result.terms.begin(), result.terms.end());
  for (const auto& [name, value] : result.details) {
    values.emplace_back(name, value.dim() == 0 ? value : gather(value, sizes.images));
  }
  values.emplace_back("local", gather(local, sizes.images));
  values.emplace_back("grad_image", gather(result.grad_image, sizes.images));
  values.emplace_back("grad_text", gather(grad_text, sizes.texts));
  values.emplace_back("grad_patch", gather(grad_patch, sizes.images));
  values.emplace_back("grad_scale", grad_scale);
  return values;
}

int objective_on_ranks(Runtime& runtime, const Arguments& arguments, ObjectiveOptions options) {
  const Features whole = read_features(arguments.input, arguments.dtype);
  const int64_t num_captions = whole.mask.size(1);
  options.num_subcaptions = num_captions - kFirstSubcaption;

  GlobalSizes sizes;
  sizes.images = split(whole.mask.size(0), runtime.world().size);
  for (const int64_t images : sizes.images) sizes.texts.push_back(images * num_captions);
  int64_t begin = 0;
  for (int rank = 0; rank < runtime.world().rank; ++rank) begin += sizes.images[rank];
  const Features own = own_part(whole, begin, sizes.images[runtime.world().rank], runtime.device());
  const auto objective = create_objective(options);
  objective->check_ranks(runtime.world().size);
  const NamedTensors values =
      evaluate(own, sizes, arguments.scale, *objective, runtime.collectives());
  if (runtime.world().rank == 0) write_safetensors(arguments.output, values);
  return kExitOk;
}

}  // namespace

void add_objective(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "objective", "Write the training objective of given features, and its gradients");
  const auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("--input", arguments->input,
                   "Safetensors file with img [B, d], txt [B*N, d], pat [B, P, d] and mask [B, N]; "
                   "used as given, not normalised")
      ->required();
  command
      ->add_option("--output", arguments->output,
                   "Safetensors file to write: total, the objective's terms and details by name, "
                   "local grad_image grad_text grad_patch grad_scale, of the whole batch")
      ->required();
  command->add_option("--dtype", arguments->dtype, "float64 or float32")
      ->transform(CLI::CheckedTransformer(std::map<std::string, at::ScalarType>{
          {"float64", at::kDouble}, {"float32", at::kFloat}}));
  command
      ->add_option("--logit-scale", arguments->scale,
                   "What cosines are multiplied by: exp of the learned parameter. grad_scale is "
                   "the gradient by this number")
      ->required()
      ->check(CLI::PositiveNumber);
  add_device_option(*command, arguments->runtime);
  command->add_option("settings", arguments->settings,
                      "KEY=VALUE: settings of the objective, for example mode=released; mask "
                      "decides num_subcaptions");
  command->callback([arguments] {
    const ObjectiveOptions options = objective_options(arguments->settings);
    run_on_ranks(arguments->runtime, [arguments, options](Runtime& runtime) {
      return objective_on_ranks(runtime, *arguments, options);
    });
  });
}

}  // namespace dermatome
