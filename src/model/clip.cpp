#include "src/model/clip.h"

#include <ATen/ATen.h>
#include <ATen/autocast_mode.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/model/initialization.h"

namespace dermatome {
namespace {

// open_clip's CLIP lists its own parameters before those of its parts, and the image tower before
// the text tower's layers.
std::vector<NamedParameter> in_state_dict_order(std::vector<NamedParameter> parameters) {
  const auto rank = [](const NamedParameter& parameter) {
    if (parameter.name.find('.') == std::string::npos) return 0;
    return parameter.name.starts_with("visual.") ? 1 : 2;
  };
  std::stable_sort(
      parameters.begin(), parameters.end(),
      [&](const NamedParameter& a, const NamedParameter& b) { return rank(a) < rank(b); });
  return parameters;
}

// Over the last dimension, in fp32, as torch.nn.functional.normalize.
at::Tensor l2_normalize(const at::Tensor& features) {
  const at::Tensor x = features.to(at::kFloat);
  return x / x.norm(2, -1, /*keepdim=*/true).clamp_min(1e-12);
}

void lock_layers(const TowerLayers& layers, int64_t num_locked) {
  for (int64_t i = 0; i < std::ssize(layers); ++i) {
    for (at::Tensor parameter : layers[static_cast<size_t>(i)]) {
      parameter.set_requires_grad(i >= num_locked);
    }
  }
}

std::vector<at::Tensor> trained_in_backward_order(const TowerLayers& layers) {
  std::vector<at::Tensor> parameters;
  for (const std::vector<at::Tensor>& layer : layers) {
    std::copy_if(layer.begin(), layer.end(), std::back_inserter(parameters),
                 [](const at::Tensor& parameter) { return parameter.requires_grad(); });
  }
  std::reverse(parameters.begin(), parameters.end());
  return parameters;
}

std::vector<NamedParameter> trained(std::vector<NamedParameter> parameters) {
  std::erase_if(parameters, [](const auto& parameter) { return !parameter.value.requires_grad(); });
  return parameters;
}

int64_t count_numbers(const std::vector<NamedParameter>& parameters) {
  int64_t count = 0;
  for (const NamedParameter& parameter : parameters) count += parameter.value.numel();
  return count;
}

// The smallest and the largest of one or more int64 numbers on the host.
std::pair<int64_t, int64_t> extremes(const at::Tensor& values) {
  const at::Tensor flat = values.contiguous();
  const auto* begin = flat.const_data_ptr<int64_t>();
  const auto [smallest, largest] = std::minmax_element(begin, begin + flat.numel());
  return {*smallest, *largest};
}

void check_texts(const at::Tensor& tokens, const at::Tensor& lengths, const TextConfig& config) {
  require(tokens.dim() == 2 && tokens.scalar_type() == at::kLong && tokens.is_cpu() &&
              tokens.size(1) <= config.context_length,
          text("tokens must be int64 [U, L] on the CPU, L <= ", config.context_length));
  require(lengths.dim() == 1 && lengths.scalar_type() == at::kLong && lengths.is_cpu() &&
              lengths.size(0) == tokens.size(0),
          "lengths must be int64 [U] on the CPU");
  if (tokens.size(0) == 0) return;
  const auto [shortest, longest] = extremes(lengths);
  require(shortest >= 1 && longest <= tokens.size(1), "lengths must be in [1, L]");
  const auto [smallest, largest] = extremes(tokens);
  require(smallest >= 0, text("token id ", smallest, " is negative"));
  if (largest >= config.vocab_size) {
    throw ConfigError(text("token id ", largest, " is outside the model's vocabulary of ",
                           config.vocab_size,
                           "; use a model whose text_cfg.vocab_size is the tokenizer's"));
  }
}

}  // namespace

Clip::Clip(const ClipConfig& config, c10::Device device, CheckpointedBlocks checkpointed)
    : Clip(config, ParameterList(device), device, checkpointed) {}

Clip::Clip(const ClipConfig& config, ParameterList list, c10::Device device,
           CheckpointedBlocks checkpointed)
    : config_(config),
      device_(device),
      checkpointed_(checkpointed),
      text_(make_text_tower(list, config)),
      logit_scale_(list.add("logit_scale", {})),
      vision_(list, config),
      parameters_(in_state_dict_order(list.all())),
      trained_(trained(parameters_)) {}

void Clip::initialize(uint64_t seed) { initialize_parameters(parameters_, config_, seed); }

void Clip::check_pixels(const at::Tensor& pixels) const {
  const int64_t side = config_.vision.image_size;
  const bool half = pixels.scalar_type() == at::kBFloat16 &&
                    at::autocast::is_autocast_enabled(pixels.device().type());
  require(
      pixels.dim() == 4 && pixels.size(1) == 3 && pixels.size(2) == side &&
          pixels.size(3) == side && (pixels.scalar_type() == at::kFloat || half),
      text("pixels must be float (under autocast, or bfloat16) [B, 3, ", side, ", ", side, "]"));
}

ImageFeatures Clip::encode_image(const at::Tensor& pixels, bool with_patches,
                                 const at::Tensor& kept_patches) const {
  check_pixels(pixels);
  require(!kept_patches.defined() ||
              (kept_patches.dim() == 2 && kept_patches.size(0) == pixels.size(0) &&
               kept_patches.size(1) >= 1 && kept_patches.size(1) <= config_.vision.num_patches() &&
               kept_patches.scalar_type() == at::kLong),
          "kept_patches must be int64 [B, K] with as many rows as pixels");
  const at::Tensor tokens =
      l2_normalize(vision_.forward(pixels, kept_patches, with_patches, checkpointed_.image));
  if (!with_patches) return {.image = tokens.squeeze(1), .patches = {}};
  // One split rather than two slices: its backward is one concatenation.
  const std::vector<at::Tensor> parts = tokens.split_with_sizes({1, tokens.size(1) - 1}, 1);
  return {.image = parts[0].squeeze(1), .patches = parts[1]};
}

at::Tensor Clip::encode_image_raw(const at::Tensor& pixels) const {
  check_pixels(pixels);
  return vision_.forward(pixels, /*kept_patches=*/{}, /*with_patches=*/false, checkpointed_.image)
      .squeeze(1)
      .to(at::kFloat);
}

at::Tensor Clip::encode_text(const at::Tensor& tokens, const at::Tensor& lengths) const {
  check_texts(tokens, lengths, config_.text);
  if (tokens.size(0) == 0) {
    return at::empty({0, config_.embed_dim}, at::TensorOptions(at::kFloat).device(device_));
  }
  return l2_normalize(text_->forward(tokens, lengths, checkpointed_.text));
}

int64_t Clip::num_parameters() const { return count_numbers(parameters_); }

void Clip::lock(LockedLayers locked) {
  lock_layers(image_layers(), locked.image);
  lock_layers(text_layers(), locked.text);
  trained_ = trained(parameters_);
}

int64_t Clip::num_trained_parameters() const { return count_numbers(trained_); }

std::vector<at::Tensor> Clip::image_parameters() const {
  return trained_in_backward_order(image_layers());
}

std::vector<at::Tensor> Clip::text_parameters() const {
  return trained_in_backward_order(text_layers());
}

}  // namespace dermatome
