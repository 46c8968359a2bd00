#include "src/model/residual_block.h"

#include <ATen/ATen.h>

#include <vector>

#include "src/model/layer_norm.h"
#include "src/model/mlp.h"
#include "src/model/row_lookup.h"

namespace dermatome {
namespace {

// Views [sequences * length, width] as [sequences, heads, length, width / heads].
at::Tensor split_heads(const at::Tensor& rows, int64_t sequences, int64_t length, int64_t heads) {
  return rows.view({sequences, length, heads, rows.size(1) / heads}).transpose(1, 2);
}

at::Tensor join_heads(const at::Tensor& mixed) {
  return mixed.transpose(1, 2).reshape(
      {mixed.size(0) * mixed.size(2), mixed.size(1) * mixed.size(3)});
}

// For each group, the rows of `rows` at its positions.
std::vector<at::Tensor> at_positions(const at::Tensor& rows, const AttentionLayout& layout) {
  // One lookup for all groups, so that its gradient is one sum.
  const at::Tensor all = layout.rows.defined() ? look_up_rows(rows, layout.rows) : rows;
  std::vector<int64_t> sizes;
  for (const auto& group : layout.groups) sizes.push_back(group.sequences * group.length);
  return all.split_with_sizes(sizes);
}

at::Tensor joined(const std::vector<at::Tensor>& groups) {
  return groups.size() == 1 ? groups.front() : at::cat(groups);
}

// The result of attention for every row: [M, W].
at::Tensor attend(const at::Tensor& x, const BlockParameters& parameters, int64_t heads,
                  const AttentionLayout& layout) {
  const std::vector<at::Tensor> projected =
      at_positions(at::linear(x, parameters[kInProjWeight], parameters[kInProjBias]), layout);
  std::vector<at::Tensor> mixed;
  for (size_t i = 0; i < layout.groups.size(); ++i) {
    const auto& [sequences, length, read_mask] = layout.groups[i];
    std::vector<at::Tensor> qkv = projected[i].chunk(3, 1);
    for (at::Tensor& part : qkv) part = split_heads(part, sequences, length, heads);
    mixed.push_back(
        join_heads(at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], /*attn_mask=*/{},
                                                    /*dropout_p=*/0.0, layout.causal)));
  }
  const at::Tensor all = joined(mixed);
  return layout.positions.defined() ? all.index_select(0, layout.positions) : all;
}

// The result of attention for the rows that are read, with all rows' keys and values: [R, W].
at::Tensor attend_read(const at::Tensor& x, const BlockParameters& parameters, int64_t heads,
                       const AttentionLayout& layout) {
  const int64_t width = x.size(1);
  const auto project = [&](const at::Tensor& rows, int64_t first, int64_t count) {
    return at::linear(rows, parameters[kInProjWeight].narrow(0, first, count),
                      parameters[kInProjBias].narrow(0, first, count));
  };
  const at::Tensor queries = project(x.index_select(0, layout.read), 0, width);
  const std::vector<at::Tensor> projected = at_positions(project(x, width, 2 * width), layout);
  std::vector<at::Tensor> mixed;
  int64_t first = 0;
  for (size_t i = 0; i < layout.groups.size(); ++i) {
    const auto& [sequences, length, read_mask] = layout.groups[i];
    std::vector<at::Tensor> kv = projected[i].chunk(2, 1);
    for (at::Tensor& part : kv) part = split_heads(part, sequences, length, heads);
    const at::Tensor query = queries.narrow(0, first, sequences);
    mixed.push_back(join_heads(at::scaled_dot_product_attention(
        split_heads(query, sequences, /*length=*/1, heads), kv[0], kv[1], read_mask)));
    first += sequences;
  }
  return joined(mixed);
}

// The first half of a block. It is a function of its own so that, without gradients, its tensors
// are freed before the MLP, which needs most memory.
at::Tensor add_attention(const at::Tensor& x, const BlockParameters& parameters, int64_t heads,
                         const AttentionLayout& layout, BlockRows wanted) {
  const at::Tensor normed = layer_norm(x, parameters[kLn1Weight], parameters[kLn1Bias]);
  const bool all = wanted == BlockRows::kAll;
  const at::Tensor mixed = all ? attend(normed, parameters, heads, layout)
                               : attend_read(normed, parameters, heads, layout);
  return (all ? x : x.index_select(0, layout.read)) +
         at::linear(mixed, parameters[kOutProjWeight], parameters[kOutProjBias]);
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
                          const BlockOptions& options, const AttentionLayout& layout,
                          BlockRows wanted) {
  const at::Tensor attended = add_attention(x, parameters, options.heads, layout, wanted);
  return attended + mlp(layer_norm(attended, parameters[kLn2Weight], parameters[kLn2Bias]),
                        {.fc_weight = parameters[kFcWeight],
                         .fc_bias = parameters[kFcBias],
                         .proj_weight = parameters[kProjWeight],
                         .proj_bias = parameters[kProjBias]},
                        options.quick_gelu);
}

}  // namespace dermatome
