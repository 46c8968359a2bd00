#include "src/model/initialization.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "src/core/rng.h"

namespace dermatome {
namespace {

enum class Shape { kConstant, kNormal, kUniform };

// kConstant: the value. kNormal: standard deviation, mean 0. kUniform: bound of a symmetric
// interval.
struct Distribution {
  Shape shape;
  double scale;
};

Distribution constant(double value) { return {Shape::kConstant, value}; }
Distribution normal(double deviation) { return {Shape::kNormal, deviation}; }
Distribution uniform(double bound) { return {Shape::kUniform, bound}; }

double inverse_root(int64_t n) { return 1 / std::sqrt(static_cast<double>(n)); }

// nn.Linear's and nn.Conv2d's own choice for weight and bias: Kaiming uniform with a = sqrt(5).
Distribution torch_default(int64_t fan_in) { return uniform(inverse_root(fan_in)); }

// open_clip leaves the image tower's blocks as nn.MultiheadAttention and nn.Linear make them, and
// re-draws the weight matrices of the text tower's blocks. `name` is without the block's prefix.
Distribution block_distribution(std::string_view name, bool text, int64_t width, int64_t layers,
                                int64_t mlp_width) {
  const double residual_deviation = inverse_root(width) * inverse_root(2 * layers);
  if (name == "ln_1.weight" || name == "ln_2.weight") return constant(1);
  if (name == "attn.in_proj_weight") {
    return text ? normal(inverse_root(width))
                : uniform(std::sqrt(6.0 / static_cast<double>(width + 3 * width)));  // Xavier
  }
  if (name == "attn.out_proj.weight") {
    return text ? normal(residual_deviation) : torch_default(width);
  }
  if (name == "mlp.c_fc.weight")
    return text ? normal(inverse_root(2 * width)) : torch_default(width);
  if (name == "mlp.c_proj.weight") {
    return text ? normal(residual_deviation) : torch_default(mlp_width);
  }
  if (name == "mlp.c_fc.bias") return torch_default(width);
  if (name == "mlp.c_proj.bias") return torch_default(mlp_width);
  return constant(0);  // the other biases
}

// As transformers' BertModel and open_clip's projection behind it.
Distribution bert_distribution(std::string_view name, const ClipConfig& config) {
  if (name.ends_with(".bias")) return constant(0);
  if (name.find("LayerNorm") != std::string_view::npos) return constant(1);
  const int64_t width = config.text.width;
  if (name == "text.proj.weight" || name == "text.proj.0.weight") return torch_default(width);
  if (name == "text.proj.2.weight") return torch_default((width + config.embed_dim) / 2);
  return normal(config.text.bert->initial_deviation);
}

Distribution distribution_of(std::string_view name, const ClipConfig& config) {
  if (config.text.bert && name.starts_with("text.")) return bert_distribution(name, config);
  const VisionConfig& vision = config.vision;
  const TextConfig& text = config.text;
  const bool is_visual = name.starts_with("visual.");
  if (const size_t block = name.find("resblocks."); block != std::string_view::npos) {
    const std::string_view behind = name.substr(name.find('.', block + 10) + 1);
    return is_visual ? block_distribution(behind, /*text=*/false, vision.width, vision.layers,
                                          vision.mlp_width())
                     : block_distribution(behind, /*text=*/true, text.width, text.layers,
                                          text.mlp_width());
  }
  if (name == "logit_scale") return constant(std::log(1 / 0.07));
  if (name == "token_embedding.weight") return normal(0.02);
  if (name == "positional_embedding") return normal(0.01);
  if (name == "text_projection") return normal(inverse_root(text.width));
  if (name == "visual.conv1.weight")
    return torch_default(3 * vision.patch_size * vision.patch_size);
  if (name.find("ln_") != std::string_view::npos) return constant(name.ends_with("weight") ? 1 : 0);
  return normal(inverse_root(vision.width));  // visual: class and positional embedding, proj
}

at::Tensor draw(const Distribution& distribution, at::IntArrayRef shape, uint64_t seed,
                uint64_t parameter) {
  at::Tensor values = at::empty(shape, at::TensorOptions(at::kFloat));
  float* const out = values.mutable_data_ptr<float>();
  const int64_t total = values.numel();
  // Elements per random stream, fixed so that values do not depend on the number of threads.
  constexpr int64_t kPiece = 1 << 16;
  at::parallel_for(0, (total + kPiece - 1) / kPiece, 1, [&](int64_t first, int64_t last) {
    for (int64_t piece = first; piece < last; ++piece) {
      Rng rng(seed, RngPurpose::kInitialization, parameter, static_cast<uint64_t>(piece));
      for (int64_t i = piece * kPiece; i < std::min((piece + 1) * kPiece, total); ++i) {
        const double value =
            distribution.shape == Shape::kNormal ? rng.normal() : rng.uniform(-1, 1);
        out[i] = static_cast<float>(distribution.scale * value);
      }
    }
  });
  return values;
}

}  // namespace

void initialize_parameters(const std::vector<NamedParameter>& parameters, const ClipConfig& config,
                           uint64_t seed) {
  const at::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const Distribution distribution = distribution_of(parameters[i].name, config);
    at::Tensor value = parameters[i].value;
    if (distribution.shape == Shape::kConstant) {
      value.fill_(distribution.scale);
    } else {
      value.copy_(draw(distribution, value.sizes(), seed, i));
    }
    // transformers gives padding no embedding.
    if (config.text.bert && parameters[i].name.ends_with(".word_embeddings.weight")) {
      value[config.text.bert->pad_id].zero_();
    }
  }
}

}  // namespace dermatome
