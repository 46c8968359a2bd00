// Without gradients, a tower holds only the tensors that one block works with.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>

#include "src/model/clip.h"
#include "tests/support/allocation_watch.h"

namespace dermatome {
namespace {

constexpr int64_t kWidth = 64, kContext = 32;
// Peak memory is reached in the MLP. In tensors of a row's width it holds four (the block's input,
// attention's result, the MLP's input and output) and two of hidden values, four times as wide.
// 0.5 is left for everything else.
constexpr double kLargestMoment = 4 + 2 * 4 + 0.5;

ClipConfig three_blocks() {
  ClipConfig config;
  config.embed_dim = 16;
  config.vision = {
      .image_size = 32, .patch_size = 8, .width = kWidth, .layers = 3, .head_width = 16};
  config.text = {
      .context_length = kContext, .vocab_size = 50, .width = kWidth, .heads = 4, .layers = 3};
  return config;
}

struct ClipMemory : testing::Test {
  ClipMemory() { model.initialize(3); }

  // Expects that the peak of `work`'s allocations is what one block needs for `rows` rows.
  void expect_one_block(int64_t rows, const std::function<void()>& work) {
    const at::NoGradGuard no_gradients;
    const double row_bytes = static_cast<double>(rows) * kWidth * sizeof(float);
    const double peak = static_cast<double>(watch_allocations(work).peak) / row_bytes;
    EXPECT_LT(peak, kLargestMoment);
    EXPECT_GT(peak, kLargestMoment - 1);
  }

  Clip model{three_blocks(), c10::kCPU};
};

TEST_F(ClipMemory, EncodingImagesNeedsThatOfOneBlock) {
  const at::Tensor pixels = at::randn({100, 3, 32, 32});
  expect_one_block(100 * 17, [&] { model.encode_image(pixels, /*with_patches=*/false); });
}

TEST_F(ClipMemory, EncodingTextsNeedsThatOfOneBlock) {
  const at::Tensor tokens = at::randint(1, 50, {100, kContext}, at::kLong);
  const at::Tensor lengths = at::full({100}, kContext, at::kLong);
  expect_one_block(100 * kContext, [&] { model.encode_text(tokens, lengths); });
}

}  // namespace
}  // namespace dermatome
