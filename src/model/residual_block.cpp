#include "src/model/residual_block.h"

#include <ATen/ATen.h>

#include "src/model/layer_norm.h"

namespace dermatome {
namespace {

at::Tensor attention(const at::Tensor& x, const BlockParameters& parameters,
                     const BlockOptions& options) {
  const int64_t batch = x.size(0), length = x.size(1), width = x.size(2);
  const at::Tensor projected = at::linear(x, parameters[kInProjWeight], parameters[kInProjBias])
                                   .view({batch, length, 3, options.heads, width / options.heads});
  const std::vector<at::Tensor> qkv = projected.permute({2, 0, 3, 1, 4}).unbind(0);
  const at::Tensor mixed = at::scaled_dot_product_attention(
      qkv[0], qkv[1], qkv[2], /*attn_mask=*/{}, /*dropout_p=*/0.0, options.causal);
  return at::linear(mixed.transpose(1, 2).reshape({batch, length, width}),
                    parameters[kOutProjWeight], parameters[kOutProjBias]);
}

at::Tensor mlp(const at::Tensor& x, const BlockParameters& parameters, bool quick_gelu) {
  const at::Tensor hidden = at::linear(x, parameters[kFcWeight], parameters[kFcBias]);
  const at::Tensor active = quick_gelu ? hidden * at::sigmoid(1.702 * hidden) : at::gelu(hidden);
  return at::linear(active, parameters[kProjWeight], parameters[kProjBias]);
}

}  // namespace

BlockParameters add_block(ParameterList& list, const std::string& prefix, int64_t width,
                          int64_t mlp_width) {
  BlockParameters parameters;
  parameters[kLn1Weight] = list.add(prefix + "ln_1.weight", {width});
  parameters[kLn1Bias] = list.add(prefix + "ln_1.bias", {width});
  parameters[kInProjWeight] = list.add(prefix + "attn.in_proj_weight", {3 * width, width});
  parameters[kInProjBias] = list.add(prefix + "attn.in_proj_bias", {3 * width});
  parameters[kOutProjWeight] = list.add(prefix + "attn.out_proj.weight", {width, width});
  parameters[kOutProjBias] = list.add(prefix + "attn.out_proj.bias", {width});
  parameters[kLn2Weight] = list.add(prefix + "ln_2.weight", {width});
  parameters[kLn2Bias] = list.add(prefix + "ln_2.bias", {width});
  parameters[kFcWeight] = list.add(prefix + "mlp.c_fc.weight", {mlp_width, width});
  parameters[kFcBias] = list.add(prefix + "mlp.c_fc.bias", {mlp_width});
  parameters[kProjWeight] = list.add(prefix + "mlp.c_proj.weight", {width, mlp_width});
  parameters[kProjBias] = list.add(prefix + "mlp.c_proj.bias", {width});
  return parameters;
}

at::Tensor residual_block(const at::Tensor& x, const BlockParameters& parameters,
                          const BlockOptions& options) {
  const at::Tensor attended =
      x +
      attention(layer_norm(x, parameters[kLn1Weight], parameters[kLn1Bias]), parameters, options);
  return attended + mlp(layer_norm(attended, parameters[kLn2Weight], parameters[kLn2Bias]),
                        parameters, options.quick_gelu);
}

}  // namespace dermatome
