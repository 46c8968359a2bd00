#include "src/objective/tile_math.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <limits>
#include <string_view>

#include "tests/objective/whole_batch.h"
#include "tests/support/golden.h"
#include "tests/support/operator_watch.h"

namespace dermatome {
namespace {

// 10 images and 14 texts, of which some are no negatives. The rank's own part is in the middle.
struct TileMath : testing::Test {
  TileMath() {
    const WholeBatch whole = random_batch(10, 4, /*seed=*/11);
    batch.image = whole.image;
    batch.local = 1.5 * whole.patches.select(1, 0);
    batch.text = whole.text.slice(0, 0, 14).contiguous();
    batch.i2t_count = at::arange(14, at::kDouble).remainder(4);
    batch.slra_count = at::arange(14, at::kDouble).remainder(3);
    batch.scale = at::scalar_tensor(7.0, at::kDouble);
    batch.own_images = {2, 5};
    batch.own_texts = {6, 7};
    weight = {at::arange(10, at::kDouble).remainder(3) / 10,
              at::arange(10, at::kDouble).remainder(2) / 5,
              at::arange(14, at::kDouble).remainder(5) / 20};
  }

  // The log-sum-exps of all rows, computed from whole matrices.
  SoftmaxRows plain_log_sum_exps(const at::Tensor& image, const at::Tensor& local,
                                 const at::Tensor& text) const {
    const at::Tensor logits = batch.scale * image.matmul(text.t());
    const at::Tensor local_logits = batch.scale * local.matmul(text.t());
    return {(logits + batch.i2t_count.log()).logsumexp(1),
            (local_logits + batch.slra_count.log()).logsumexp(1), logits.logsumexp(0)};
  }

  at::Tensor own_image(const at::Tensor& rows) const {
    return rows.narrow(0, batch.own_images.begin, batch.own_images.size);
  }
  at::Tensor own_text(const at::Tensor& rows) const {
    return rows.narrow(0, batch.own_texts.begin, batch.own_texts.size);
  }

  GlobalBatch batch;
  SoftmaxRows weight;
};

TEST_F(TileMath, LogSumExpsDoNotDependOnTheTiles) {
  const SoftmaxRows expected = plain_log_sum_exps(batch.image, batch.local, batch.text);
  for (const int64_t extent : {1, 3, 4, 100}) {
    const SoftmaxRows own = own_log_sum_exps(batch, extent);
    EXPECT_LT(relative_difference(own.i2t, own_image(expected.i2t)), 1e-14) << extent;
    EXPECT_LT(relative_difference(own.slra, own_image(expected.slra)), 1e-14) << extent;
    EXPECT_LT(relative_difference(own.t2i, own_text(expected.t2i)), 1e-14) << extent;
  }
}

TEST_F(TileMath, GradientsAreThoseOfAutogradForAnyTiles) {
  const at::Tensor image = batch.image.clone().requires_grad_();
  const at::Tensor local = batch.local.clone().requires_grad_();
  const at::Tensor text = batch.text.clone().requires_grad_();
  const SoftmaxRows lse = plain_log_sum_exps(image, local, text);
  const at::Tensor total = 0.3 * ((weight.i2t * lse.i2t).sum() + (weight.t2i * lse.t2i).sum()) +
                           0.9 * (weight.slra * lse.slra).sum();
  torch::autograd::backward({total}, {});

  const SoftmaxRows values = {lse.i2t.detach(), lse.slra.detach(), lse.t2i.detach()};
  for (const int64_t extent : {1, 3, 4, 100}) {
    const EmbeddingGradients own = softmax_gradients(batch, values, weight, 0.3, 0.9, extent);
    EXPECT_LT(relative_difference(own.image, own_image(image.grad())), 1e-13) << extent;
    EXPECT_LT(relative_difference(own.local, own_image(local.grad())), 1e-13) << extent;
    EXPECT_LT(relative_difference(own.text, own_text(text.grad())), 1e-13) << extent;
  }
}

// Floating-point operations of the matrix products that `work` calls.
int64_t product_flops(const std::function<void()>& work) {
  int64_t flops = 0;
  watch_operators(work, [&](const at::RecordFunction& function, bool /*in_kernel*/) {
    const std::string_view name = function.name();
    const size_t first = name == "aten::mm" ? 0 : 1;
    if (first == 1 && name != "aten::addmm_") return;
    const at::Tensor left = function.inputs()[first].toTensor();
    flops += 2 * left.numel() * function.inputs()[first + 1].toTensor().size(1);
  });
  return flops;
}

TEST_F(TileMath, FormsTheLogitsOfOwnImagesWithOwnTextsOnce) {
  constexpr int64_t kRows = 5 * 14, kColumns = 10 * 7, kOwn = 5 * 7, kRowWidth = 12;
  constexpr int64_t kLogits = kRows + kColumns - kOwn;
  const SoftmaxRows lse = plain_log_sum_exps(batch.image, batch.local, batch.text);
  for (const int64_t extent : {1, 3, 4, 100}) {
    // Local logits have log-sum-exps of rows only, not of columns.
    EXPECT_EQ(product_flops([&] { own_log_sum_exps(batch, extent); }),
              2 * kRowWidth * (kLogits + kRows))
        << extent;
    // Both image and local logits are formed, with gradients of rows and of columns.
    EXPECT_EQ(product_flops([&] { softmax_gradients(batch, lse, weight, 1, 1, extent); }),
              2 * kRowWidth * 2 * (kLogits + kRows + kColumns))
        << extent;
  }
}

TEST_F(TileMath, RowsWithoutNegativesAreZero) {
  batch.i2t_count.zero_();
  weight.i2t.zero_();
  const SoftmaxRows own = own_log_sum_exps(batch);
  EXPECT_TRUE(own.i2t.eq(0).all().item<bool>());
  const SoftmaxRows lse = {at::zeros({10}, at::kDouble), at::zeros({10}, at::kDouble),
                           at::zeros({14}, at::kDouble)};
  const EmbeddingGradients gradients = softmax_gradients(batch, lse, weight, 1, 0);
  EXPECT_TRUE(gradients.image.isfinite().all().item<bool>());
}

TEST_F(TileMath, ARankWithoutRowsHasEmptyResults) {
  batch.own_images = {4, 0};
  batch.own_texts = {14, 0};
  const SoftmaxRows own = own_log_sum_exps(batch);
  EXPECT_EQ(own.i2t.numel() + own.slra.numel() + own.t2i.numel(), 0);
  const EmbeddingGradients gradients = softmax_gradients(
      batch, plain_log_sum_exps(batch.image, batch.local, batch.text), weight, 1, 1);
  EXPECT_EQ(gradients.image.sizes(), (std::vector<int64_t>{0, 12}));
  EXPECT_EQ(gradients.text.sizes(), (std::vector<int64_t>{0, 12}));
}

}  // namespace
}  // namespace dermatome
