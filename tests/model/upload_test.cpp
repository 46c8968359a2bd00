#include "src/model/upload.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

namespace dermatome {
namespace {

TEST(Upload, CopiesNothingOnTheCpu) {
  const at::Tensor host = at::arange(3);
  EXPECT_TRUE(pin_for(host, c10::kCPU).is_same(host));
  EXPECT_TRUE(upload(host, c10::kCPU).is_same(host));
}

TEST(Upload, TakesATensorToTheDevice) {
  const at::Tensor there = upload(at::arange(3), c10::kMeta);
  EXPECT_TRUE(there.is_meta());
  EXPECT_EQ(there.sizes(), (std::vector<int64_t>{3}));
}

}  // namespace
}  // namespace dermatome
