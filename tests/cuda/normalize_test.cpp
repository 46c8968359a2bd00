// These tests need a GPU.
#include <ATen/ATen.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <gtest/gtest.h>

#include "src/model/preprocess.h"

namespace dermatome {
namespace {

const c10::Device kGpu(c10::DeviceType::CUDA, 0);

void expect_the_hosts_bits(const at::Tensor& pixels) {
  for (const auto type : {at::kFloat, at::kBFloat16}) {
    const at::Tensor expected = normalize(pixels, PreprocessConfig{}, at::kCPU, type);
    const at::Tensor found = normalize(pixels, PreprocessConfig{}, kGpu, type);
    EXPECT_TRUE(found.is_cuda() && found.is_contiguous());
    EXPECT_TRUE(at::equal(found.cpu(), expected)) << pixels.sizes();
  }
}

TEST(NormalizeOnGpu, GivesTheHostsBits) {
  for (const int64_t size : {1, 17, 224}) {
    const auto every_value = at::arange(5 * 3 * size * size).remainder(256).to(at::kByte);
    expect_the_hosts_bits(every_value.view({5, 3, size, size}));
    expect_the_hosts_bits(every_value.view({5, size, size, 3}).permute({0, 3, 1, 2}));
  }
  expect_the_hosts_bits(at::empty({0, 3, 224, 224}, at::kByte));
}

TEST(NormalizeOnGpu, FollowsTheCurrentStream) {
  const c10::impl::VirtualGuardImpl cuda(c10::DeviceType::CUDA);
  const c10::StreamGuard side(cuda.getStreamFromGlobalPool(kGpu));
  at::Tensor pixels = at::zeros({64, 3, 224, 224}, at::TensorOptions(at::kByte).device(kGpu));
  // If the kernel ran on another stream, it would overtake this work.
  for (int i = 0; i < 200; ++i) pixels.add_(1);
  const at::Tensor found = normalize(pixels, PreprocessConfig{}, kGpu);
  EXPECT_TRUE(at::equal(found.cpu(), normalize(pixels.cpu(), PreprocessConfig{}, at::kCPU)));
}

}  // namespace
}  // namespace dermatome
