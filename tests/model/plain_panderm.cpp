#include "tests/model/plain_panderm.h"

#include <ATen/ATen.h>

#include <cmath>

#include "src/core/text.h"

namespace dermatome {
namespace {

class Encoder {
 public:
  Encoder(const PanDermParameters& parameters, int64_t num_heads)
      : parameters_(parameters), num_heads_(num_heads) {}

  const at::Tensor& get(const std::string& name) const {
    return parameters_.at(text("visual.", name));
  }

  at::Tensor norm(const at::Tensor& x, const std::string& name) const {
    const at::Tensor centered = x - x.mean(-1, /*keepdim=*/true);
    const at::Tensor variance = centered.square().mean(-1, /*keepdim=*/true);
    return centered / (variance + 1e-6).sqrt() * get(name + ".weight") + get(name + ".bias");
  }

  at::Tensor linear(const at::Tensor& x, const std::string& name) const {
    return x.matmul(get(name + ".weight").t()) + get(name + ".bias");
  }

  at::Tensor attention(const at::Tensor& x, const std::string& name) const {
    const int64_t batch = x.size(0), length = x.size(1), width = x.size(2);
    const at::Tensor& q_bias = get(name + ".q_bias");
    const at::Tensor bias = at::cat({q_bias, at::zeros_like(q_bias), get(name + ".v_bias")});
    const at::Tensor qkv = (x.matmul(get(name + ".qkv.weight").t()) + bias)
                               .reshape({batch, length, 3, num_heads_, width / num_heads_})
                               .permute({2, 0, 3, 1, 4});
    const double scale = 1 / std::sqrt(static_cast<double>(width / num_heads_));
    const at::Tensor weights = (scale * qkv[0].matmul(qkv[1].transpose(-2, -1))).softmax(-1);
    return linear(weights.matmul(qkv[2]).transpose(1, 2).reshape({batch, length, width}),
                  name + ".proj");
  }

  at::Tensor mlp(const at::Tensor& x, const std::string& name) const {
    const at::Tensor hidden = linear(x, name + ".fc1");
    return linear(hidden * 0.5 * (1 + (hidden / std::sqrt(2.0)).erf()), name + ".fc2");
  }

 private:
  const PanDermParameters& parameters_;
  int64_t num_heads_;
};

}  // namespace

at::Tensor plain_panderm(const PanDermParameters& parameters, int64_t num_blocks, int64_t num_heads,
                         const at::Tensor& pixels) {
  const Encoder encoder(parameters, num_heads);
  const at::Tensor& patch = encoder.get("patch_embed.proj.weight");
  const at::Tensor patches =
      at::conv2d(pixels, patch, encoder.get("patch_embed.proj.bias"), /*stride=*/patch.size(2))
          .flatten(2)
          .transpose(1, 2);
  at::Tensor x = at::cat({encoder.get("cls_token").expand({pixels.size(0), 1, -1}), patches}, 1) +
                 encoder.get("pos_embed");
  for (int64_t i = 0; i < num_blocks; ++i) {
    const std::string block = text("blocks.", i, ".");
    x = x + encoder.get(block + "gamma_1") *
                encoder.attention(encoder.norm(x, block + "norm1"), block + "attn");
    x = x + encoder.get(block + "gamma_2") *
                encoder.mlp(encoder.norm(x, block + "norm2"), block + "mlp");
  }
  x = encoder.norm(x, "norm").slice(1, 1);
  x = at::cat({x.mean(1, /*keepdim=*/true), x}, 1);
  return encoder.linear(encoder.norm(x, "norm"), "head");
}

}  // namespace dermatome
