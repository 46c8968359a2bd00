#include "src/objective/given_features.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>

#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/row_range.h"
#include "src/core/text.h"
#include "src/objective/create_objective.h"
#include "src/objective/objective.h"

namespace dermatome {
namespace {

// Throws DataError unless `tensor` has the shape `wanted`, in which -1 stands for any size.
void check_shape(const std::string& file, const std::string& name, const at::Tensor& tensor,
                 const std::vector<int64_t>& wanted, const std::string& meaning) {
  const auto shape = tensor.sizes();
  const bool fits = shape.size() == wanted.size() &&
                    std::equal(wanted.begin(), wanted.end(), shape.begin(),
                               [](int64_t want, int64_t size) { return want < 0 || want == size; });
  if (fits) return;
  throw DataError(
      text(file, ": tensor ", name, " has shape [", joined(shape), "], expected ", meaning));
}

// The samples `rows` of the whole batch, on `device`.
GivenFeatures own_part(const GivenFeatures& whole, Span rows, c10::Device device) {
  const int64_t num_captions = whole.mask.size(1);
  return {whole.image.narrow(0, rows.begin, rows.size).to(device),
          whole.text.narrow(0, rows.begin * num_captions, rows.size * num_captions).to(device),
          whole.patches.narrow(0, rows.begin, rows.size).to(device),
          whole.mask.narrow(0, rows.begin, rows.size).to(device)};
}

// Every caption is a text of its own, so that every row's gradient can be told apart.
std::vector<std::pair<std::string, at::Tensor>> evaluate(const GivenFeatures& own,
                                                         const GlobalSizes& sizes, double scale,
                                                         const Objective& objective,
                                                         Collectives& collectives) {
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
  std::vector<std::pair<std::string, at::Tensor>> values = {{"total", result.total}};
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

}  // namespace

GivenFeatures given_features(const std::map<std::string, at::Tensor>& tensors,
                             const std::string& file, at::ScalarType dtype) {
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
    throw DataError(
        text(file, ": tensor mask has N = ", num_captions,
             " captions per sample, expected at least 3 (raw, ontology, visual concept)"));
  }
  if (!mask.eq(0).logical_or(mask.eq(1)).all().item<bool>()) {
    throw DataError(file + ": tensor mask has values other than 0 and 1");
  }
  const std::string sizes = text(" for mask's B = ", num_samples, ", N = ", num_captions);
  const at::Tensor image = tensor("img");
  check_shape(file, "img", image, {num_samples, -1}, "[B, d]" + sizes);
  const int64_t width = image.size(1);
  const std::string all_sizes = text(sizes, " and img's d = ", width);
  const at::Tensor texts = tensor("txt"), patches = tensor("pat");
  check_shape(file, "txt", texts, {num_samples * num_captions, width}, "[B*N, d]" + all_sizes);
  check_shape(file, "pat", patches, {num_samples, -1, width}, "[B, P, d]" + all_sizes);
  return {image.to(dtype), texts.to(dtype), patches.to(dtype), mask.to(at::kBool)};
}

std::vector<std::pair<std::string, at::Tensor>> evaluate_given(const GivenFeatures& features,
                                                               ObjectiveOptions options,
                                                               double scale, c10::Device device,
                                                               Collectives& collectives) {
  const int64_t num_captions = features.mask.size(1);
  options.num_subcaptions = num_captions - kFirstSubcaption;
  const auto rows_of = [&](int64_t rank) {
    return part_of_rows(features.mask.size(0), rank, collectives.size());
  };
  GlobalSizes sizes;
  for (int rank = 0; rank < collectives.size(); ++rank) {
    sizes.images.push_back(rows_of(rank).size);
    sizes.texts.push_back(rows_of(rank).size * num_captions);
  }
  const auto objective = create_objective(options);
  objective->check_ranks(collectives.size());
  return evaluate(own_part(features, rows_of(collectives.rank()), device), sizes, scale, *objective,
                  collectives);
}

}  // namespace dermatome
