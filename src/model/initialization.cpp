#include "src/model/initialization.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>

#include "src/core/rng.h"
#include "src/model/fixed_positions.h"
#include "src/model/vision_initialization.h"
#include "src/model/vision_names.h"

namespace dermatome {
namespace {

// open_clip re-draws the weight matrices of the text tower's blocks. `name` is without the block's
// prefix.
Distribution text_block_distribution(std::string_view name, const TextConfig& config) {
  const int64_t width = config.width;
  const double residual_deviation = inverse_root(width) * inverse_root(2 * config.layers);
  if (name == "ln_1.weight" || name == "ln_2.weight") return constant(1);
  if (name == "attn.in_proj_weight") return normal(inverse_root(width));
  if (name == "attn.out_proj.weight") return normal(residual_deviation);
  if (name == "mlp.c_fc.weight") return normal(inverse_root(2 * width));
  if (name == "mlp.c_proj.weight") return normal(residual_deviation);
  if (name == "mlp.c_fc.bias") return torch_default(width);
  if (name == "mlp.c_proj.bias") return torch_default(config.mlp_width());
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
  if (name.starts_with("visual.")) return vision_distribution(name, config);
  if (config.text.bert && name.starts_with("text.")) return bert_distribution(name, config);
  if (const size_t block = name.find("resblocks."); block != std::string_view::npos) {
    return text_block_distribution(name.substr(name.find('.', block + 10) + 1), config.text);
  }
  if (name == "logit_scale") return constant(std::log(1 / 0.07));
  if (name == "token_embedding.weight") return normal(0.02);
  if (name == "positional_embedding") return normal(0.01);
  if (name == "text_projection") return normal(inverse_root(config.text.width));
  return constant(name.ends_with("weight") ? 1 : 0);  // ln_final
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
            distribution.shape == Distribution::Shape::kNormal ? rng.normal() : rng.uniform(-1, 1);
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
  const bool has_fixed_positions = config.vision.positions != ImagePositions::kLearned;
  const std::string positions = vision_names(config.vision).positions;
  for (size_t i = 0; i < parameters.size(); ++i) {
    at::Tensor value = parameters[i].value;
    if (has_fixed_positions && parameters[i].name == positions) {
      value.copy_(fixed_positions(config.vision));
      continue;
    }
    const Distribution distribution = distribution_of(parameters[i].name, config);
    if (distribution.shape == Distribution::Shape::kConstant) {
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
