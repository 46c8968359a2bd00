#include "src/model/residual_block.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <string>
#include <vector>

#include "src/model/checkpointed_block.h"
#include "tests/support/golden.h"

namespace dermatome {
namespace {

constexpr int64_t kBlockWidth = 8, kBlockHidden = 12, kBlockHeads = 2, kBlockLength = 5;

// A family that has every parameter, the projections of attention apart and without a key's bias.
const BlockNames kApart = {{kLn1Weight, "n1w"},     {kLn1Bias, "n1b"},      {kQueryWeight, "qw"},
                           {kQueryBias, "qb"},      {kKeyWeight, "kw"},     {kValueWeight, "vw"},
                           {kValueBias, "vb"},      {kOutProjWeight, "ow"}, {kOutProjBias, "ob"},
                           {kAttentionScale, "g1"}, {kLn2Weight, "n2w"},    {kLn2Bias, "n2b"},
                           {kFcWeight, "fw"},       {kFcBias, "fb"},        {kProjWeight, "pw"},
                           {kProjBias, "pb"},       {kMlpScale, "g2"}};

BlockParameters random_block(ParameterList& list, const BlockNames& names) {
  at::manual_seed(5);
  const BlockParameters parameters = add_block(list, "block.", names, kBlockWidth, kBlockHidden);
  const at::NoGradGuard no_grad;
  for (const NamedParameter& parameter : list.all()) {
    at::Tensor value = parameter.value;
    value.normal_();
  }
  return parameters;
}

// Sequences of these lengths, each padded to kBlockLength positions, that attend in both
// directions.
AttentionLayoutPtr both_directions(const std::vector<int64_t>& lengths) {
  const auto layout = c10::make_intrusive<AttentionLayout>();
  const auto num_sequences = static_cast<int64_t>(lengths.size());
  std::vector<int64_t> rows, positions, read;
  int64_t row = 0;
  for (int64_t i = 0; i < num_sequences; ++i) {
    read.push_back(row);
    for (int64_t place = 0; place < kBlockLength; ++place) {
      const bool is_padding = place >= lengths[i];
      rows.push_back(is_padding ? row - 1 : row);
      if (is_padding) continue;
      positions.push_back(i * kBlockLength + place);
      ++row;
    }
  }
  const at::Tensor ends = at::tensor(lengths);
  layout->groups = {{.sequences = num_sequences,
                     .length = kBlockLength,
                     .read_mask = (at::arange(kBlockLength).unsqueeze(0) < ends.unsqueeze(1))
                                      .view({num_sequences, 1, 1, kBlockLength})}};
  layout->rows = at::tensor(rows);
  layout->positions = at::tensor(positions);
  layout->read = at::tensor(read);
  return layout;
}

at::Tensor norm(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps) {
  const at::Tensor centered = x - x.mean(-1, true);
  return centered / (centered.square().mean(-1, true) + eps).sqrt() * weight + bias;
}

// Attention of one sequence, written out: x [L, W].
at::Tensor plain_attention(const at::Tensor& x, const BlockParameters& p) {
  const auto heads = [&](const at::Tensor& rows) {
    return rows.view({x.size(0), kBlockHeads, kBlockWidth / kBlockHeads}).transpose(0, 1);
  };
  const at::Tensor q = heads(at::linear(x, p[kQueryWeight], p[kQueryBias]));
  const at::Tensor k = heads(at::linear(x, p[kKeyWeight]));
  const at::Tensor v = heads(at::linear(x, p[kValueWeight], p[kValueBias]));
  const at::Tensor weights =
      at::softmax(q.matmul(k.transpose(1, 2)) / std::sqrt(kBlockWidth / double{kBlockHeads}), -1);
  const at::Tensor mixed = weights.matmul(v).transpose(0, 1).reshape({x.size(0), kBlockWidth});
  return at::linear(mixed, p[kOutProjWeight], p[kOutProjBias]) * p[kAttentionScale];
}

at::Tensor plain_block(const at::Tensor& x, const BlockParameters& p, const BlockOptions& options) {
  const auto mlp_of = [&](const at::Tensor& y) {
    return at::linear(at::gelu(at::linear(y, p[kFcWeight], p[kFcBias])), p[kProjWeight],
                      p[kProjBias]) *
           p[kMlpScale];
  };
  const auto ln_1 = [&](const at::Tensor& y) {
    return norm(y, p[kLn1Weight], p[kLn1Bias], options.norm_eps);
  };
  const auto ln_2 = [&](const at::Tensor& y) {
    return norm(y, p[kLn2Weight], p[kLn2Bias], options.norm_eps);
  };
  if (options.norm == NormPlace::kAfter) {
    const at::Tensor attended = ln_1(x + plain_attention(x, p));
    return ln_2(attended + mlp_of(attended));
  }
  const at::Tensor attended = x + plain_attention(ln_1(x), p);
  return attended + mlp_of(ln_2(attended));
}

class ResidualBlock : public ::testing::TestWithParam<NormPlace> {
 protected:
  std::vector<at::Tensor> gradients(const at::Tensor& y) {
    std::vector<at::Tensor> leaves = {x};
    for (const NamedParameter& parameter : list.all()) leaves.push_back(parameter.value);
    const at::Tensor weights = at::sin(at::arange(y.numel())).view(y.sizes());
    return torch::autograd::grad({y}, leaves, {weights});
  }

  ParameterList list{at::kCPU};
  BlockParameters parameters = random_block(list, kApart);
  BlockOptions options{.heads = kBlockHeads, .norm = GetParam(), .norm_eps = 1e-3};
  std::vector<int64_t> lengths = {2, 5, 1, 4};
  at::Tensor x = at::randn({12, kBlockWidth}).set_requires_grad(true);
};

INSTANTIATE_TEST_SUITE_P(BothPlacesOfNorms, ResidualBlock,
                         ::testing::Values(NormPlace::kBefore, NormPlace::kAfter));

TEST_P(ResidualBlock, EqualsItsDefinitionForEachSequenceAlone) {
  std::vector<at::Tensor> parts, firsts;
  for (const at::Tensor& sequence : x.split_with_sizes(lengths)) {
    parts.push_back(plain_block(sequence, parameters, options));
    firsts.push_back(parts.back().narrow(0, 0, 1));
  }
  const auto layout = both_directions(lengths);
  for (const BlockRows rows : {BlockRows::kAll, BlockRows::kRead}) {
    const at::Tensor expected = at::cat(rows == BlockRows::kAll ? parts : firsts);
    for (const bool checkpointed : {false, true}) {
      const at::Tensor found = checkpointed
                                   ? checkpointed_block(x, parameters, options, layout, rows)
                                   : residual_block(x, parameters, options, *layout, rows);
      EXPECT_LE(relative_difference(found.detach(), expected.detach()), 2e-6);
      const auto found_gradients = gradients(found), expected_gradients = [&] {
        const at::Tensor weights = at::sin(at::arange(expected.numel())).view(expected.sizes());
        std::vector<at::Tensor> leaves = {x};
        for (const NamedParameter& parameter : list.all()) leaves.push_back(parameter.value);
        return torch::autograd::grad({expected}, leaves, {weights}, /*retain_graph=*/true);
      }();
      for (size_t i = 0; i < found_gradients.size(); ++i) {
        EXPECT_LE(relative_difference(found_gradients[i], expected_gradients[i]), 2e-5) << i;
      }
    }
  }
}

TEST_P(ResidualBlock, TakesTheProjectionsTogetherOrApart) {
  BlockParameters together = parameters;
  together[kInProjWeight] =
      at::cat({parameters[kQueryWeight], parameters[kKeyWeight], parameters[kValueWeight]});
  together[kInProjBias] =
      at::cat({parameters[kQueryBias], at::zeros({kBlockWidth}), parameters[kValueBias]});
  for (const BlockParameter apart :
       {kQueryWeight, kKeyWeight, kValueWeight, kQueryBias, kValueBias}) {
    together[apart] = at::Tensor();
  }
  const auto layout = both_directions(lengths);
  for (const BlockRows rows : {BlockRows::kAll, BlockRows::kRead}) {
    EXPECT_TRUE(at::equal(residual_block(x, parameters, options, *layout, rows),
                          residual_block(x, together, options, *layout, rows)));
  }
}

TEST(AddBlock, NamesParametersInTheOrderOfTheFamily) {
  ParameterList list(at::kCPU);
  const BlockParameters parameters =
      add_block(list, "b.", open_clip_block(true), kBlockWidth, kBlockHidden);
  std::vector<std::string> names;
  for (const NamedParameter& parameter : list.all()) names.push_back(parameter.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"b.ln_1.weight", "b.ln_1.bias", "b.attn.in_proj_weight",
                                      "b.attn.in_proj_bias", "b.attn.out_proj.weight",
                                      "b.attn.out_proj.bias", "b.ls_1.gamma", "b.ln_2.weight",
                                      "b.ln_2.bias", "b.mlp.c_fc.weight", "b.mlp.c_fc.bias",
                                      "b.mlp.c_proj.weight", "b.mlp.c_proj.bias", "b.ls_2.gamma"}));
  EXPECT_FALSE(parameters[kQueryWeight].defined());
  EXPECT_EQ(parameters[kFcWeight].sizes(), (std::vector<int64_t>{kBlockHidden, kBlockWidth}));
}

}  // namespace
}  // namespace dermatome
