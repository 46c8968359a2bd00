#include "src/model/residual_block.h"

#include <ATen/ATen.h>

#include <array>
#include <span>
#include <vector>

#include "src/core/text.h"
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

// One of the projections of attention, or several side by side: [W, n W] transposed, and their
// biases, which may be undefined.
struct Projection {
  at::Tensor weight;  // [n W, W]
  at::Tensor bias;    // [n W]
};

enum Part : size_t { kQuery, kKey, kValue };

// The biases of `parts`, zero where a part has none; undefined if no part has one.
at::Tensor joined_bias(const BlockParameters& parameters, std::span<const Part> parts) {
  std::vector<at::Tensor> biases;
  bool any = false;
  for (const Part part : parts) {
    biases.push_back(parameters[kQueryBias + 2 * part]);
    any |= biases.back().defined();
  }
  if (!any) return {};
  for (at::Tensor& bias : biases) {
    if (!bias.defined()) bias = at::zeros_like(parameters[kOutProjBias]);
  }
  return joined(biases);
}

// The projections from `first` to the last one, which is value.
Projection projections(const BlockParameters& parameters, Part first, Part last) {
  const std::array<Part, 3> all = {kQuery, kKey, kValue};
  const std::span parts = std::span(all).subspan(first, last - first + 1);
  Projection result;
  const int64_t width = parameters[kOutProjWeight].size(1);
  const int64_t begin = first * width, count = static_cast<int64_t>(parts.size()) * width;
  const bool whole = parts.size() == all.size();
  const auto part_of = [&](const at::Tensor& tensor) {
    return whole ? tensor : tensor.narrow(0, begin, count);
  };
  if (parameters[kInProjWeight].defined()) {
    result.weight = part_of(parameters[kInProjWeight]);
  } else {
    std::vector<at::Tensor> weights;
    for (const Part part : parts) weights.push_back(parameters[kQueryWeight + 2 * part]);
    result.weight = joined(weights);
  }
  result.bias = parameters[kInProjBias].defined() ? part_of(parameters[kInProjBias])
                                                  : joined_bias(parameters, parts);
  return result;
}

at::Tensor project(const at::Tensor& x, const Projection& projection) {
  return at::linear(x, projection.weight, projection.bias);
}

// The result of attention for every row: [M, W].
at::Tensor attend(const at::Tensor& x, const BlockParameters& parameters, int64_t heads,
                  const AttentionLayout& layout) {
  const std::vector<at::Tensor> projected =
      at_positions(project(x, projections(parameters, kQuery, kValue)), layout);
  std::vector<at::Tensor> mixed;
  for (size_t i = 0; i < layout.groups.size(); ++i) {
    const auto& [sequences, length, read_mask] = layout.groups[i];
    std::vector<at::Tensor> qkv = projected[i].chunk(3, 1);
    for (at::Tensor& part : qkv) part = split_heads(part, sequences, length, heads);
    // In a causal layout no row attends to the padding, which is behind all rows.
    mixed.push_back(join_heads(at::scaled_dot_product_attention(
        qkv[0], qkv[1], qkv[2], layout.causal ? std::nullopt : read_mask, /*dropout_p=*/0.0,
        layout.causal)));
  }
  const at::Tensor all = joined(mixed);
  return layout.positions.defined() ? all.index_select(0, layout.positions) : all;
}

// The result of attention for the rows that are read, with all rows' keys and values: [R, W].
at::Tensor attend_read(const at::Tensor& x, const BlockParameters& parameters, int64_t heads,
                       const AttentionLayout& layout) {
  const at::Tensor queries =
      project(x.index_select(0, layout.read), projections(parameters, kQuery, kQuery));
  const std::vector<at::Tensor> projected =
      at_positions(project(x, projections(parameters, kKey, kValue)), layout);
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

at::Tensor scaled(const at::Tensor& x, const at::Tensor& scale) {
  return scale.defined() ? x * scale.to(x.scalar_type()) : x;
}

// The first half of a block. It is a function of its own so that, without gradients, its tensors
// are freed before the MLP, which needs most memory.
at::Tensor add_attention(const at::Tensor& x, const BlockParameters& parameters,
                         const BlockOptions& options, const AttentionLayout& layout,
                         BlockRows wanted) {
  const auto normalize = [&](const at::Tensor& rows) {
    return layer_norm(rows, parameters[kLn1Weight], parameters[kLn1Bias], options.norm_eps);
  };
  const bool before = options.norm == NormPlace::kBefore;
  const at::Tensor input = before ? normalize(x) : x;
  const bool all = wanted == BlockRows::kAll;
  const at::Tensor mixed = all ? attend(input, parameters, options.heads, layout)
                               : attend_read(input, parameters, options.heads, layout);
  const at::Tensor sum =
      (all ? x : x.index_select(0, layout.read)) +
      scaled(at::linear(mixed, parameters[kOutProjWeight], parameters[kOutProjBias]),
             parameters[kAttentionScale]);
  return before ? sum : normalize(sum);
}

std::vector<int64_t> shape_of(BlockParameter parameter, int64_t width, int64_t mlp_width) {
  switch (parameter) {
    case kInProjWeight:
      return {3 * width, width};
    case kInProjBias:
      return {3 * width};
    case kQueryWeight:
    case kKeyWeight:
    case kValueWeight:
    case kOutProjWeight:
      return {width, width};
    case kFcWeight:
      return {mlp_width, width};
    case kFcBias:
      return {mlp_width};
    case kProjWeight:
      return {width, mlp_width};
    default:
      return {width};
  }
}

}  // namespace

BlockParameters add_block(ParameterList& list, const std::string& prefix, const BlockNames& names,
                          int64_t width, int64_t mlp_width) {
  BlockParameters parameters;
  for (const auto& [parameter, name] : names) {
    parameters[parameter] = list.add(text(prefix, name), shape_of(parameter, width, mlp_width));
  }
  return parameters;
}

at::Tensor residual_block(const at::Tensor& x, const BlockParameters& parameters,
                          const BlockOptions& options, const AttentionLayout& layout,
                          BlockRows wanted) {
  const auto normalize = [&](const at::Tensor& rows) {
    return layer_norm(rows, parameters[kLn2Weight], parameters[kLn2Bias], options.norm_eps);
  };
  const bool before = options.norm == NormPlace::kBefore;
  const at::Tensor attended = add_attention(x, parameters, options, layout, wanted);
  const at::Tensor sum = attended + scaled(mlp(before ? normalize(attended) : attended,
                                               {.fc_weight = parameters[kFcWeight],
                                                .fc_bias = parameters[kFcBias],
                                                .proj_weight = parameters[kProjWeight],
                                                .proj_bias = parameters[kProjBias]},
                                               options.activation),
                                           parameters[kMlpScale]);
  return before ? sum : normalize(sum);
}

}  // namespace dermatome
