#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/error.h"
#include "src/model/normalize_kernel.h"

namespace dermatome {
namespace {

// The launch fails with a GPU (the grid has no blocks) and without one.
TEST(LaunchNormalize, NamesWhatCudaSays) {
  try {
    launch_normalize(NormalizeBatch<float>{.num_planes = 0, .plane_size = 49}, nullptr);
    FAIL() << "the launch was reported as successful";
  } catch (const InternalError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("0 planes of 49 pixels"));
    EXPECT_THAT(error.what(), testing::ContainsRegex("cudaError[A-Z]"));
  }
}

}  // namespace
}  // namespace dermatome
