#include "src/model/mlp.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <tuple>
#include <vector>

#include "src/model/autocast.h"
#include "tests/support/golden.h"

namespace dermatome {
namespace {

// mlp() written with operators that autograd knows.
at::Tensor plain_mlp(const at::Tensor& x, const MlpParameters& p, Activation activation) {
  const at::Tensor hidden = at::linear(x, p.fc_weight, p.fc_bias);
  const auto activate = [&] {
    switch (activation) {
      case Activation::kQuickGelu:
        return hidden * at::sigmoid(1.702 * hidden);
      case Activation::kTanhGelu:
        return at::gelu(hidden, "tanh");
      default:
        return at::gelu(hidden);
    }
  };
  return at::linear(activate(), p.proj_weight, p.proj_bias);
}

struct Leaves {
  explicit Leaves(c10::ScalarType type) {
    at::manual_seed(3);
    const auto leaf = [&](at::IntArrayRef shape) {
      return (2 * at::randn(shape, type)).set_requires_grad(true);
    };
    x = leaf({37, 24});
    parameters = {leaf({56, 24}), leaf({56}), leaf({24, 56}), leaf({24})};
  }
  std::vector<at::Tensor> all() const {
    return {x, parameters.fc_weight, parameters.fc_bias, parameters.proj_weight,
            parameters.proj_bias};
  }

  at::Tensor x;
  MlpParameters parameters;
};

// The gradients of all leaves, then the value of `function`.
template <typename Function>
std::vector<at::Tensor> value_and_gradients(const Function& function, const Leaves& leaves,
                                            Activation activation) {
  const at::Tensor y = function(leaves.x, leaves.parameters, activation);
  const at::Tensor weights = at::sin(at::arange(y.numel())).view(y.sizes()).to(y.scalar_type());
  std::vector<at::Tensor> results = torch::autograd::grad({y}, leaves.all(), {weights});
  results.push_back(y.detach());
  return results;
}

class MlpTest : public testing::TestWithParam<Activation> {};
INSTANTIATE_TEST_SUITE_P(EveryActivation, MlpTest,
                         testing::Values(Activation::kGelu, Activation::kQuickGelu,
                                         Activation::kTanhGelu));

TEST_P(MlpTest, EqualsAutogradInValueAndGradients) {
  for (const auto& [type, tolerance] : {std::tuple{at::kDouble, 1e-13}, {at::kFloat, 2e-6}}) {
    const Leaves leaves(type);
    const auto expected = value_and_gradients(plain_mlp, leaves, GetParam());
    const auto found = value_and_gradients(mlp, leaves, GetParam());
    for (size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(found[i].scalar_type(), type) << i;
      EXPECT_LE(relative_difference(found[i], expected[i]), tolerance) << i;
    }
  }
}

TEST_P(MlpTest, RoundsUnderAutocastAsAutogradDoes) {
  const Leaves leaves(at::kFloat);
  const auto exact = value_and_gradients(plain_mlp, leaves, GetParam());
  const AutocastScope autocast(at::kCPU, /*enabled=*/true);
  const auto found = value_and_gradients(mlp, leaves, GetParam());
  for (size_t i = 0; i < exact.size(); ++i) {
    const bool is_value = i + 1 == exact.size();
    EXPECT_EQ(found[i].scalar_type(), is_value ? at::kBFloat16 : at::kFloat) << i;
    const double difference = relative_difference(found[i].to(at::kFloat), exact[i]);
    EXPECT_GT(difference, 1e-5) << i << ": not in bf16";
    EXPECT_LT(difference, 1e-2) << i;
  }
}

TEST_P(MlpTest, GivesGradientsOnlyWhereTheyAreWanted) {
  const Leaves leaves(at::kFloat);
  const auto expected = value_and_gradients(mlp, leaves, GetParam());
  for (size_t wanted = 0; wanted < leaves.all().size(); ++wanted) {
    for (size_t i = 0; i < leaves.all().size(); ++i) {
      at::Tensor leaf = leaves.all()[i];
      leaf.set_requires_grad(i == wanted);
      leaf.mutable_grad() = at::Tensor();
    }
    const at::Tensor y = mlp(leaves.x, leaves.parameters, GetParam());
    y.backward(at::sin(at::arange(y.numel())).view(y.sizes()));
    for (size_t i = 0; i < leaves.all().size(); ++i) {
      ASSERT_EQ(leaves.all()[i].grad().defined(), i == wanted);
    }
    EXPECT_TRUE(at::equal(leaves.all()[wanted].grad(), expected[wanted])) << wanted;
  }
}

}  // namespace
}  // namespace dermatome
