#include <gtest/gtest.h>

#include "src/config/data_options.h"
#include "src/data/loader.h"
#include "tests/data/loaded_samples.h"
#include "tests/data/test_shards.h"
#include "tests/support/allocation_count.h"

namespace dermatome {
namespace {

constexpr int64_t kBatches = 20;

// Counts the allocations of loading `kBatches` batches of `batch` samples, after 50 other batches.
AllocationCount allocations(const ShardedDataset& dataset, int64_t batch) {
  LoaderOptions options = options_for(batch);
  options.data.workers = 1;
  options.data.prefetch = 1;
  Loader loader(dataset, options, 0, 0);
  for (int64_t i = 0; i < 50; ++i) loader.next();
  const AllocationCount before = count_of_allocations();
  for (int64_t i = 0; i < kBatches; ++i) loader.next();
  const AllocationCount after = count_of_allocations();
  return {after.all - before.all, after.by_cplusplus - before.by_cplusplus};
}

struct ASample {
  double all = 0;
  double by_cplusplus = 0;
};

// The allocations that each further sample costs. A batch that is being read at the start or at the
// end may count in part, which is less than a tenth of an allocation per sample.
ASample allocations_per_sample(int quality) {
  constexpr int64_t kFew = 10;
  constexpr int64_t kMany = 50;
  constexpr double kMore = (kMany - kFew) * kBatches;
  const TestShards shards(53, 20, quality);
  const AllocationCount few = allocations(shards.dataset(), kFew);
  const AllocationCount many = allocations(shards.dataset(), kMany);
  EXPECT_GT(few.by_cplusplus, 0);
  EXPECT_GT(few.all, few.by_cplusplus);
  return {static_cast<double>(many.all - few.all) / kMore,
          static_cast<double>(many.by_cplusplus - few.by_cplusplus) / kMore};
}

TEST(LoaderAllocations, RawImagesNeedNone) { EXPECT_LT(allocations_per_sample(0).all, 0.1); }

// libjpeg-turbo allocates its decompressor and working memory with malloc; C++ allocates nothing.
TEST(LoaderAllocations, JpegImagesNeedOnlyThoseOfLibjpeg) {
  const ASample count = allocations_per_sample(90);
  EXPECT_LT(count.by_cplusplus, 0.1);
  EXPECT_GT(count.all, 1);
  EXPECT_LT(count.all, 30);
}

}  // namespace
}  // namespace dermatome
