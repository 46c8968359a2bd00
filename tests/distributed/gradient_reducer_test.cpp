#include "src/distributed/gradient_reducer.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "src/core/error.h"
#include "src/distributed/single_process.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

using Tensors = std::vector<at::Tensor>;

constexpr int64_t kBucketBytes = 512;  // several parameters in some buckets, one in others

// Makes the same parameters on every rank.
Tensors make_parameters(at::ScalarType type = at::kDouble) {
  Tensors parameters;
  for (const int64_t rows : {2, 30, 1, 3, 9, 7, 1}) {
    const at::Tensor values = at::arange(rows * 4, at::kDouble).sin().view({rows, 4});
    parameters.push_back(values.to(type).requires_grad_());
  }
  return parameters;
}

// The factor of parameter `index` on `rank` in pass `pass`, which is also the parameter's gradient.
at::Tensor factor(const at::Tensor& like, int rank, size_t index, int pass = 0) {
  const double phase = rank + 0.1 * static_cast<double>(index) + 7.0 * pass;
  return at::arange(like.numel(), at::kDouble)
      .mul(0.3)
      .add(phase)
      .cos()
      .view(like.sizes())
      .to(like.scalar_type());
}

void backward(const at::Tensor& loss) { torch::autograd::backward({loss}, {}); }

// A loss whose gradients are the factors of `rank`. It adds up the parameters in the order `order`,
// one to the sum of those before, so that the gradients come in reverse order.
at::Tensor chained_loss(const Tensors& parameters, const std::vector<size_t>& order, int rank,
                        int pass = 0) {
  at::Tensor loss = at::zeros({}, parameters[0].options().requires_grad(false));
  for (const size_t index : order) {
    loss = loss + (parameters[index] * factor(parameters[index], rank, index, pass)).sum();
  }
  return loss;
}

std::vector<size_t> all_of(const Tensors& parameters) {
  std::vector<size_t> order(parameters.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  return order;
}

void expect_sums(const Tensors& parameters, const std::function<at::Tensor(size_t)>& expected) {
  for (size_t i = 0; i < parameters.size(); ++i) {
    ASSERT_TRUE(at::allclose(parameters[i].grad(), expected(i), 0, 1e-12)) << "parameter " << i;
  }
}

at::Tensor factor_over_ranks(const Tensors& parameters, size_t index, int first, int end,
                             int pass = 0) {
  at::Tensor sum = at::zeros_like(parameters[index].detach());
  for (int rank = first; rank < end; ++rank) {
    sum += factor(parameters[index], rank, index, pass);
  }
  return sum;
}

class GradientReducerOn : public testing::TestWithParam<int> {};

TEST_P(GradientReducerOn, SumsLikeAnExplicitAllReduce) {
  run_ranks(GetParam(), [](Collectives& group) {
    const Tensors parameters = make_parameters();
    const Tensors plain = make_parameters();
    GradientReducer reducer(parameters, group, kBucketBytes);
    for (int step = 0; step < 3; ++step) {
      reducer.zero();
      reducer.arm();
      backward(chained_loss(parameters, all_of(parameters), group.rank(), step));
      reducer.finish();

      for (const at::Tensor& each : plain) each.mutable_grad() = at::Tensor();
      backward(chained_loss(plain, all_of(plain), group.rank(), step));
      for (const at::Tensor& each : plain) group.all_reduce_sum(each.grad(), "plain")->wait();
      expect_sums(parameters, [&](size_t i) { return plain[i].grad(); });
    }
  });
}

TEST_P(GradientReducerOn, UnarmedPassesAccumulateAndTheArmedLastPassReduces) {
  run_ranks(GetParam(), [](Collectives& group) {
    const Tensors parameters = make_parameters();
    GradientReducer reducer(parameters, group, kBucketBytes);
    for (int step = 0; step < 2; ++step) {
      reducer.zero();
      for (int pass = 0; pass < 3; ++pass) {
        if (pass == 2) reducer.arm();
        backward(chained_loss(parameters, all_of(parameters), group.rank(), pass));
      }
      reducer.finish();
      expect_sums(parameters, [&](size_t i) {
        at::Tensor sum = factor_over_ranks(parameters, i, 0, group.size(), 0);
        for (const int pass : {1, 2}) {
          sum += factor_over_ranks(parameters, i, 0, group.size(), pass);
        }
        return sum;
      });
    }
  });
}

TEST_P(GradientReducerOn, ARankWithoutBackwardContributesZeros) {
  run_ranks(GetParam(), [](Collectives& group) {
    const Tensors parameters = make_parameters();
    GradientReducer reducer(parameters, group, kBucketBytes);
    reducer.zero();
    reducer.arm();
    if (group.rank() > 0) backward(chained_loss(parameters, all_of(parameters), group.rank()));
    reducer.finish();
    expect_sums(parameters,
                [&](size_t i) { return factor_over_ranks(parameters, i, 1, group.size()); });
  });
}

TEST_P(GradientReducerOn, RanksMayUseDifferentParameters) {
  run_ranks(GetParam(), [](Collectives& group) {
    const Tensors parameters = make_parameters();
    GradientReducer reducer(parameters, group, kBucketBytes);
    std::vector<size_t> used;
    for (size_t i = 0; i < parameters.size(); ++i) {
      if ((i + group.rank()) % 3 != 0) used.push_back(i);
    }
    reducer.arm();
    backward(chained_loss(parameters, used, group.rank()));
    reducer.finish();
    expect_sums(parameters, [&](size_t i) {
      at::Tensor sum = at::zeros_like(parameters[i].detach());
      for (int rank = 0; rank < group.size(); ++rank) {
        if ((i + rank) % 3 != 0) sum += factor(parameters[i], rank, i);
      }
      return sum;
    });
  });
}

TEST_P(GradientReducerOn, RanksMayGetTheirGradientsInDifferentOrders) {
  run_ranks(GetParam(), [](Collectives& group) {
    const Tensors parameters = make_parameters();
    GradientReducer reducer(parameters, group, kBucketBytes);
    std::vector<size_t> order = all_of(parameters);
    if (group.rank() % 2 == 1) std::reverse(order.begin(), order.end());
    std::rotate(order.begin(), order.begin() + group.rank(), order.end());
    for (int step = 0; step < 3; ++step) {
      reducer.zero();
      reducer.arm();
      backward(chained_loss(parameters, order, group.rank(), step));
      reducer.finish();
      expect_sums(parameters, [&](size_t i) {
        return factor_over_ranks(parameters, i, 0, group.size(), step);
      });
    }
  });
}

TEST_P(GradientReducerOn, ARepeatedStepHasTheSameBits) {
  run_ranks(GetParam(), [](Collectives& group) {
    const Tensors parameters = make_parameters(at::kFloat);
    GradientReducer reducer(parameters, group, kBucketBytes);
    Tensors first;
    for (int step = 0; step < 4; ++step) {
      reducer.zero();
      reducer.arm();
      backward(chained_loss(parameters, all_of(parameters), group.rank()));
      reducer.finish();
      for (size_t i = 0; i < parameters.size(); ++i) {
        if (step == 0) first.push_back(parameters[i].grad().clone());
        ASSERT_TRUE(at::equal(parameters[i].grad(), first[i])) << "step " << step;
      }
    }
  });
}

TEST_P(GradientReducerOn, ASecondReducerWorksAlsoWhereTheFirstHadNoBackward) {
  run_ranks(GetParam(), [](Collectives& group) {
    const Tensors text = make_parameters();
    const Tensors image = make_parameters();
    GradientReducer text_reducer(text, group, kBucketBytes);
    GradientReducer image_reducer(image, group, 2 * kBucketBytes);
    const int without_text = group.size() - 1;
    for (int step = 0; step < 2; ++step) {
      text_reducer.zero();
      image_reducer.zero();
      text_reducer.arm();
      if (group.rank() != without_text) backward(chained_loss(text, all_of(text), group.rank()));
      text_reducer.start_remaining();
      image_reducer.arm();
      backward(chained_loss(image, all_of(image), group.rank(), /*pass=*/1));
      text_reducer.finish();
      image_reducer.finish();
      expect_sums(text, [&](size_t i) { return factor_over_ranks(text, i, 0, without_text); });
      expect_sums(image, [&](size_t i) { return factor_over_ranks(image, i, 0, group.size(), 1); });
    }
  });
}

// Computes input * parameter and recomputes it in backward. Parameters are explicit inputs that get
// their gradients from a nested differentiation, as in a checkpointed block.
class Recomputed : public torch::autograd::Function<Recomputed> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& input,
                            const at::Tensor& parameter) {
    context->save_for_backward({input, parameter});
    return input * parameter.detach();
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const at::AutoGradMode enable(true);
    const at::Tensor input = saved[0].detach().requires_grad_();
    const at::Tensor parameter = saved[1].detach().requires_grad_();
    const auto result =
        torch::autograd::grad({input * parameter}, {input, parameter}, {gradients[0]});
    return {result[0], result[1]};
  }
};

TEST_P(GradientReducerOn, RecomputedPartsThatShareParametersGiveOneGradient) {
  run_ranks(GetParam(), [](Collectives& group) {
    const Tensors parameters = make_parameters();
    GradientReducer reducer(parameters, group, kBucketBytes);
    // Ranks have different numbers of parts, as when they encode texts of different lengths.
    const int num_parts = 1 + group.rank();
    Tensors roots;
    Tensors ones;
    for (int part = 0; part < num_parts; ++part) {
      for (size_t i = 0; i < parameters.size(); ++i) {
        const at::Tensor input = factor(parameters[i], group.rank(), i, part).requires_grad_();
        roots.push_back(Recomputed::apply(input, parameters[i]));
        ones.push_back(at::ones_like(roots.back()));
      }
    }
    reducer.arm();
    torch::autograd::backward(roots, ones);
    reducer.finish();
    expect_sums(parameters, [&](size_t i) {
      at::Tensor sum = at::zeros_like(parameters[i].detach());
      for (int rank = 0; rank < group.size(); ++rank) {
        for (int part = 0; part <= rank; ++part) sum += factor(parameters[i], rank, i, part);
      }
      return sum;
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Ranks, GradientReducerOn, testing::Values(1, 2, 3, 4));

// Notes which operations were started. It claims to have `size` ranks, but there is only this one.
class Notes : public Collectives {
 public:
  explicit Notes(int size) : size_(size) {}
  int rank() const override { return 0; }
  int size() const override { return size_; }

  std::unique_ptr<PendingCollective> all_gather(at::Tensor output, const at::Tensor& input,
                                                const std::string& what) override {
    started.push_back(what);
    return make_single_process_collectives()->all_gather(output, input, what);
  }
  std::unique_ptr<PendingCollective> all_reduce_sum(at::Tensor values,
                                                    const std::string& what) override {
    started.push_back(what);
    return make_single_process_collectives()->all_reduce_sum(values, what);
  }
  void broadcast(at::Tensor /*values*/, int /*root*/, const std::string& what) override {
    started.push_back(what);
  }
  void barrier(const std::string& what) override { started.push_back(what); }

  std::vector<std::string> started;

 private:
  int size_;
};

TEST(GradientReducer, StartsBucketsInOrderWhileBackwardStillRuns) {
  Notes group(2);
  const Tensors parameters = make_parameters();
  GradientReducer reducer(parameters, group, kBucketBytes);
  backward(chained_loss(parameters, all_of(parameters), 0));
  EXPECT_THAT(group.started, testing::IsEmpty()) << "not armed";
  reducer.arm();
  // The last parameters come first: their buckets wait for the buckets before them.
  for (size_t i = parameters.size(); i-- > 1;) backward(chained_loss(parameters, {i}, 0));
  EXPECT_THAT(group.started, testing::IsEmpty());
  backward(chained_loss(parameters, {0}, 0));
  EXPECT_EQ(group.started.size(), 4);
  EXPECT_EQ(group.started.front(), "gradient bucket 1 of 4");
  EXPECT_EQ(group.started.back(), "gradient bucket 4 of 4");
  reducer.finish();
  EXPECT_EQ(group.started.size(), 4) << "finish() had nothing left to start";
}

TEST(GradientReducer, CallsNothingOnOneRank) {
  Notes group(1);
  const Tensors parameters = make_parameters();
  GradientReducer reducer(parameters, group, kBucketBytes);
  reducer.arm();
  backward(chained_loss(parameters, all_of(parameters), 0));
  reducer.finish();
  EXPECT_THAT(group.started, testing::IsEmpty());
  expect_sums(parameters, [&](size_t i) { return factor(parameters[i], 0, i); });
}

TEST(GradientReducer, GradientsKeepTheirPlace) {
  Notes group(2);
  const Tensors parameters = make_parameters();
  GradientReducer reducer(parameters, group, kBucketBytes);
  const void* place = parameters[1].grad().data_ptr();
  reducer.zero();
  reducer.arm();
  backward(chained_loss(parameters, all_of(parameters), 0));
  reducer.finish();
  EXPECT_EQ(parameters[1].grad().data_ptr(), place);
  reducer.zero();
  EXPECT_EQ(parameters[1].grad().data_ptr(), place);
  EXPECT_EQ(parameters[1].grad().abs().sum().item<double>(), 0);
}

TEST(GradientReducer, RefusesAGradientAfterTheLastBackward) {
  Notes group(2);
  const Tensors parameters = make_parameters();
  GradientReducer reducer(parameters, group, kBucketBytes);
  reducer.arm();
  backward(chained_loss(parameters, {0}, 0));
  EXPECT_THROW(backward(chained_loss(parameters, {0}, 0)), InternalError);
}

TEST(GradientReducer, RefusesGradientsTakenOutOfTheirBucket) {
  Notes group(2);
  const Tensors parameters = make_parameters();
  GradientReducer reducer(parameters, group, kBucketBytes);
  parameters[2].mutable_grad() = at::Tensor();
  reducer.arm();
  EXPECT_THROW(backward(chained_loss(parameters, {2}, 0)), InternalError);
  EXPECT_THROW(reducer.finish(), InternalError);
}

TEST(GradientReducer, RefusesCallsOutOfOrder) {
  Notes group(2);
  GradientReducer reducer(make_parameters(), group, kBucketBytes);
  EXPECT_THROW(reducer.finish(), InternalError);
  reducer.arm();
  EXPECT_THROW(reducer.arm(), InternalError);
}

TEST(GradientReducer, RefusesMixedTypes) {
  Notes group(2);
  Tensors parameters = make_parameters();
  parameters.push_back(at::ones({2}, at::kFloat).requires_grad_());
  EXPECT_THROW(GradientReducer(parameters, group, kBucketBytes), InternalError);
}

TEST(GradientReducer, LeavesItsParametersUsable) {
  Notes group(2);
  const Tensors parameters = make_parameters();
  { const GradientReducer reducer(parameters, group, kBucketBytes); }
  backward(chained_loss(parameters, all_of(parameters), 0));
  EXPECT_THAT(group.started, testing::IsEmpty());
  expect_sums(parameters, [&](size_t i) { return factor(parameters[i], 0, i); });
}

}  // namespace
}  // namespace dermatome
