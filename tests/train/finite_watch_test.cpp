#include "src/train/finite_watch.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "src/config/optimizer_options.h"
#include "src/core/error.h"
#include "src/distributed/single_process.h"
#include "tests/support/thread_ranks.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::ThrowsMessage;

// Sample i of rank r has id 100 r + i.
Batch batch_of(int rank, int64_t size) {
  Batch batch;
  batch.sample_ids.resize(static_cast<size_t>(size));
  std::iota(batch.sample_ids.begin(), batch.sample_ids.end(), 100 * rank);
  return batch;
}

StepResult step_with(double loss, const at::Tensor& finite_samples) {
  StepResult result;
  result.objective.total = at::full({}, loss);
  result.finite_samples = finite_samples;
  return result;
}

StepResult good_step() { return step_with(1, at::ones({3}, at::kBool)); }
StepResult bad_step() { return step_with(std::nan(""), at::ones({3}, at::kBool)); }

class FiniteWatchTest : public testing::Test {
 protected:
  double refused(FiniteWatch& watch, int64_t step, const StepResult& result, double norm = 1) {
    return watch.check(step, result, at::full({}, norm), batch_of(0, 3)).item<double>();
  }

  std::unique_ptr<Collectives> alone_ = make_single_process_collectives();
};

TEST_F(FiniteWatchTest, SkipsOnlyTheBadStep) {
  FiniteWatch watch(NonFinite::kSkip, *alone_);
  EXPECT_EQ(refused(watch, 1, good_step()), 0);
  EXPECT_EQ(refused(watch, 2, bad_step()), 1);
  EXPECT_EQ(refused(watch, 3, good_step(), INFINITY), 1);
  EXPECT_EQ(refused(watch, 4, good_step()), 0);
  EXPECT_NO_THROW(watch.report());
}

TEST_F(FiniteWatchTest, FailsAtTheReportAndAppliesNothingUntilThen) {
  FiniteWatch watch(NonFinite::kFail, *alone_);
  EXPECT_EQ(refused(watch, 7, good_step()), 0);
  EXPECT_NO_THROW(watch.report());
  EXPECT_EQ(refused(watch, 8, bad_step()), 1);
  EXPECT_EQ(refused(watch, 9, good_step()), 1);
  EXPECT_THAT([&] { watch.report(); }, ThrowsMessage<DataError>(AllOf(
                                           HasSubstr("not finite at step 8"),
                                           HasSubstr("all embeddings are finite, so a gradient is "
                                                     "not; the batch: rank 0, samples 0, 1, 2)"))));
}

// Whether a run that skips bad steps and reports after every `every` steps ends early. Step i + 1
// is bad if is_bad[i].
bool gives_up(const std::vector<bool>& is_bad, size_t every) {
  const auto alone = make_single_process_collectives();
  FiniteWatch watch(NonFinite::kSkip, *alone);
  try {
    for (size_t i = 0; i < is_bad.size(); ++i) {
      watch.check(static_cast<int64_t>(i) + 1, is_bad[i] ? bad_step() : good_step(),
                  at::full({}, 1.0), batch_of(0, 3));
      if ((i + 1) % every == 0) watch.report();
    }
    watch.report();
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("and 10 steps in a row were not"));
    return true;
  }
  return false;
}

TEST(FiniteWatch, GivesUpAfterTenBadStepsInARow) {
  for (const size_t every : {1, 3, 10, 50}) {
    SCOPED_TRACE(every);
    EXPECT_FALSE(gives_up({true}, every));
    std::vector<bool> steps(9, true);
    EXPECT_FALSE(gives_up(steps, every));
    steps.push_back(false);
    steps.insert(steps.end(), 9, true);
    EXPECT_FALSE(gives_up(steps, every));
    steps.insert(steps.begin(), true);
    EXPECT_TRUE(gives_up(steps, every));
  }
}

TEST(FiniteWatch, NamesTheSamplesOfEveryRank) {
  run_ranks(3, [](Collectives& ranks) {
    FiniteWatch watch(NonFinite::kFail, ranks);
    at::Tensor finite = at::ones({40}, at::kBool);
    if (ranks.rank() == 1) finite[5].fill_(false);
    if (ranks.rank() == 2) finite.slice(0, 20).fill_(false);
    watch.check(3, step_with(std::nan(""), finite), at::full({}, std::nan("")),
                batch_of(ranks.rank(), 40));
    EXPECT_THAT(
        [&] { watch.report(); },
        ThrowsMessage<DataError>(AllOf(
            HasSubstr(
                "(embeddings that are not finite: rank 1, samples 105; rank 2, samples 220, 221, "),
            HasSubstr("235 and 4 more)"))));
  });
}

}  // namespace
}  // namespace dermatome
