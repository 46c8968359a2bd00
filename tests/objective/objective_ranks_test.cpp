// Processes that share a batch get the same values and gradients as one process.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "src/config/objective_options.h"
#include "tests/objective/golden_loss.h"
#include "tests/support/mpi_world.h"

namespace dermatome {
namespace {

// Ways to split 9 samples over the ranks: as evenly as possible; all on the last rank; and with
// sample 2, which has no caption, alone on a rank.
std::vector<std::vector<int64_t>> splits(int num_ranks) {
  std::vector<int64_t> even, last, alone;
  for (int rank = 0; rank < num_ranks; ++rank) {
    even.push_back(9 * (rank + 1) / num_ranks - 9 * rank / num_ranks);
    last.push_back(rank + 1 == num_ranks ? 9 : 0);
    alone.push_back(rank == 0 ? 2 : rank == 1 ? 1 : rank == 2 ? 6 : 0);
  }
  if (num_ranks == 2) return {even, last};
  return {even, last, alone};
}

// Checks every split twice: every caption is its own text, and equal captions of a rank share one.
void expect_values_of_one_rank(const WholeBatch& batch, Collectives& collectives,
                               const std::vector<std::vector<int64_t>>& samples_per_rank,
                               const std::string& name) {
  const NamedValues separate = evaluate(batch, Texts::kSeparate);
  const NamedValues expected = with_shared_text_gradients(separate, batch);
  for (const std::vector<int64_t>& split : samples_per_rank) {
    expect_near(evaluate_on_ranks(batch, Texts::kSeparate, collectives, split), separate, 1e-10,
                name);
    const NamedValues shared = evaluate_on_ranks(batch, Texts::kShared, collectives, split);
    expect_near(with_shared_text_gradients(shared, batch), expected, 1e-10, name + ", shared");
  }
}

TEST(ObjectiveRanks, EqualOneRankForEveryOption) {
  std::map<std::string, ObjectiveOptions> variants;
  variants["default"] = {};
  variants["all, knowledge"].negatives = Negatives::kAll;
  variants["all, knowledge"].positives = LocalPositives::kKnowledge;
  variants["no mkcl"].mkcl = false;
  variants["no local alignment"].local_alignment = false;
  variants["plain clip"].mkcl = variants["plain clip"].local_alignment = false;
  variants["plain clip, all"] = variants["plain clip"];
  variants["plain clip, all"].negatives = Negatives::kAll;
  const auto collectives = make_test_group();
  for (const auto& [name, options] : variants) {
    WholeBatch batch = random_batch(9, 11, /*seed=*/21);
    batch.options = options;
    expect_values_of_one_rank(batch, *collectives, splits(collectives->size()), name);
  }
}

TEST(ObjectiveRanks, EqualOneRankWhicheverRankHoldsTheOnlySample) {
  const auto collectives = make_test_group();
  const auto size = static_cast<size_t>(collectives->size());
  std::vector<std::vector<int64_t>> splits_of_one(size, std::vector<int64_t>(size, 0));
  for (size_t rank = 0; rank < size; ++rank) splits_of_one[rank][rank] = 1;
  expect_values_of_one_rank(random_batch(1, 11, /*seed=*/5), *collectives, splits_of_one, "");
}

TEST(ObjectiveRanks, EqualOneRankWithoutAnAspect) {
  const auto collectives = make_test_group();
  for (const auto& [aspect, batch] : batches_without_an_aspect(/*seed=*/24)) {
    expect_values_of_one_rank(batch, *collectives, splits(collectives->size()), "no " + aspect);
  }
}

TEST(ObjectiveRanks, AreExactForBf16FeaturesExceptForRoundedGradients) {
  const auto collectives = make_test_group();
  const WholeBatch batch = bf16_batch({});
  const NamedValues expected = evaluate_plainly(batch);
  for (const std::vector<int64_t>& split : splits(collectives->size())) {
    expect_near_rounded(
        evaluate_on_ranks(in_type(batch, at::kBFloat16), Texts::kSeparate, *collectives, split),
        expected, "bf16");
  }
}

TEST(ObjectiveRanks, EqualTheRecordedValues) {
  const auto collectives = make_test_group();
  std::vector<int64_t> split(static_cast<size_t>(collectives->size()), 1);
  split.back() = 6 - (collectives->size() - 1);
  for (const GoldenLoss& golden : golden_losses()) {
    if (golden.batch.options.mode == ObjectiveMode::kReleased) continue;
    expect_near(evaluate_on_ranks(golden.batch, Texts::kSeparate, *collectives, split),
                golden.expected, 1e-9, golden.name);
  }
}

TEST(ObjectiveRanks, EqualPlainClipOnTheRecordedBatches) {
  // Gradients have a norm below 1e-4 if every image is nearest to its caption. The error of 1e-13
  // in logits of magnitude 100 is then 1e-9 of the norm.
  constexpr double kWhereCaptionsAreFound = 1e-8;
  const auto collectives = make_test_group();
  std::vector<int64_t> split(static_cast<size_t>(collectives->size()), 1);
  split.back() = 6 - (collectives->size() - 1);
  for (const GoldenLoss& golden : golden_losses()) {
    if (golden.batch.options.mode == ObjectiveMode::kReleased) continue;
    WholeBatch batch = golden.batch;
    batch.options.mkcl = batch.options.local_alignment = false;
    expect_near(evaluate_on_ranks(batch, Texts::kSeparate, *collectives, split),
                evaluate_plainly(batch), kWhereCaptionsAreFound, golden.name);
  }
}

TEST(ObjectiveRanks, GiveTheSameBitsOfTheValueOnEveryRank) {
  const auto collectives = make_test_group();
  const auto values = evaluate_on_ranks(random_batch(9, 11, /*seed=*/22), Texts::kShared,
                                        *collectives, splits(collectives->size())[0]);
  for (const auto* name : {"total", "mkcl", "slra", "i2t", "t2i"}) {
    at::Tensor everywhere = at::empty({collectives->size()}, at::kDouble);
    collectives->all_gather(everywhere, values.at(name).reshape({1}), name)->wait();
    EXPECT_TRUE(everywhere.eq(values.at(name)).all().item<bool>()) << name;
  }
}

TEST(ObjectiveRanks, WithoutAnyTextGiveZero) {
  const auto collectives = make_test_group();
  WholeBatch batch = random_batch(9, 11, /*seed=*/23);
  batch.mask.zero_();
  for (const auto& [name, value] :
       evaluate_on_ranks(batch, Texts::kShared, *collectives, splits(collectives->size())[0])) {
    EXPECT_TRUE(value.eq(0).all().item<bool>()) << name;
  }
}

}  // namespace
}  // namespace dermatome
