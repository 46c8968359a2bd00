// mpirun runs these tests: every rank is a process.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <thread>

#include "src/distributed/gradient_reducer.h"
#include "tests/support/mpi_world.h"

namespace dermatome {
namespace {

TEST(Groups, AllReduceEqualsTheSumOverRanks) {
  const auto group = make_test_group();
  ASSERT_EQ(group->rank(), test_world().rank);
  ASSERT_EQ(group->size(), test_world().size);
  at::Tensor values = at::full({1000}, group->rank() + 1, at::kDouble);
  group->all_reduce_sum(values, "values")->wait();
  const int64_t expected = group->size() * (group->size() + 1) / 2;
  EXPECT_TRUE(at::equal(values, at::full({1000}, expected, at::kDouble)));
}

TEST(Groups, TwoThreadsUseTwoGroupsAtOnce) {
  const auto first = make_test_group();
  const auto second = make_test_group();
  const auto use = [](Collectives& group, double value) {
    for (int i = 0; i < 50; ++i) {
      at::Tensor values = at::full({257}, value, at::kDouble);
      group.all_reduce_sum(values, "values")->wait();
      EXPECT_EQ(values.sum().item<double>(), 257 * value * group.size());
    }
  };
  std::thread other(use, std::ref(*second), 3.0);
  use(*first, 2.0);
  other.join();
}

TEST(Groups, ReducersOnTwoGroupsShareOneBackward) {
  const auto first = make_test_group();
  const auto second = make_test_group();
  std::vector<at::Tensor> text;
  std::vector<at::Tensor> image;
  for (int i = 0; i < 6; ++i) {
    text.push_back(at::ones({40}, at::kDouble).requires_grad_());
    image.push_back(at::ones({40}, at::kDouble).requires_grad_());
  }
  GradientReducer text_reducer(text, *first, 512);
  GradientReducer image_reducer(image, *second, 1024);
  const int rank = test_world().rank;
  text_reducer.arm();
  image_reducer.arm();
  // Every rank interleaves the towers in another order.
  at::Tensor loss = at::zeros({}, at::kDouble);
  for (int i = 0; i < 12; ++i) {
    const int at = (5 * i + rank) % 12;
    loss = loss + ((at < 6 ? text[at] : image[at - 6]) * (at + 1.0) * (rank + 1.0)).sum();
  }
  torch::autograd::backward({loss}, {});
  text_reducer.finish();
  image_reducer.finish();
  const double ranks = test_world().size * (test_world().size + 1) / 2.0;
  for (int i = 0; i < 6; ++i) {
    EXPECT_TRUE(at::equal(text[i].grad(), at::full({40}, (i + 1) * ranks, at::kDouble)));
    EXPECT_TRUE(at::equal(image[i].grad(), at::full({40}, (i + 7) * ranks, at::kDouble)));
  }
}

}  // namespace
}  // namespace dermatome
