#include "src/eval/retrieval.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "tests/support/allocation_watch.h"
#include "tests/support/golden.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using Weights = std::vector<double>;

// Ranks when candidate i is the only one that belongs to query i.
RetrievalRanks one_to_one(const at::Tensor& queries, const at::Tensor& candidates) {
  std::vector<int64_t> first(static_cast<size_t>(queries.size(0)));
  std::iota(first.begin(), first.end(), int64_t{0});
  std::vector<int64_t> last = first;
  for (auto& value : last) ++value;
  return retrieval_ranks(queries, candidates, first, last);
}

at::Tensor unit_rows(const at::Tensor& rows) { return rows / rows.norm(2, 1, true); }

TEST(RetrievalRanks, EqualTheRecordedRanks) {
  const auto expected = read_golden_json("metrics.json").at("retrieval");
  const auto tensors = read_golden_tensors("metrics.safetensors");
  const at::Tensor image = tensors.at("ret_image");
  const at::Tensor text = tensors.at("ret_text");
  const Weights all(static_cast<size_t>(image.size(0)), 1);
  for (const auto& [name, ranks] : {std::pair("image_to_text", one_to_one(image, text).better),
                                    {"text_to_image", one_to_one(text, image).better}}) {
    const auto& direction = expected.at(name);
    EXPECT_NEAR(mean_rank(ranks, all), direction.at("mean_rank"), 1e-6) << name;
    EXPECT_NEAR(median_rank(ranks, all), direction.at("median_rank"), 1e-6) << name;
    for (const int k : {10, 50, 100}) {
      EXPECT_NEAR(recall_at(ranks, k, all), direction.at("R@" + std::to_string(k)), 1e-6)
          << name << k;
    }
  }
}

TEST(RetrievalRanks, DoNotDependOnTiles) {
  // There are several tiles in both directions. The whole matrix gives the expected ranks.
  at::manual_seed(4);
  const at::Tensor queries = at::randn({5000, 8});
  const at::Tensor candidates = at::randn({5000, 8});
  const at::Tensor cosines = queries.to(at::kDouble).mm(candidates.to(at::kDouble).t());
  const at::Tensor expected = (cosines > cosines.diagonal().unsqueeze(1)).sum(1);
  const RetrievalRanks ranks = one_to_one(queries, candidates);
  // In single precision a few near ties may fall the other way.
  EXPECT_LT((at::tensor(ranks.better, at::kLong) - expected).abs().max().item<int64_t>(), 3);
}

TEST(RetrievalRanks, NeedMemoryForATileWhateverTheNumberOfRows) {
  const auto peak = [](int64_t count) {
    const at::Tensor queries = at::randn({count, 4});
    const at::Tensor candidates = at::randn({count, 4});
    return watch_allocations([&] { one_to_one(queries, candidates); }).peak;
  };
  constexpr int64_t kTile = 1024 * 4096;
  const int64_t once = peak(8192);
  EXPECT_GT(once, kTile);
  EXPECT_LT(once, 40 * kTile);
  EXPECT_EQ(peak(16384), once);
}

TEST(RetrievalRanks, CountCandidatesThatAreExactlyAsNear) {
  const at::Tensor queries = at::eye(4);
  const at::Tensor candidates = queries.index_select(0, at::tensor({0, 1, 1, 0}));
  const RetrievalRanks ranks = one_to_one(queries, candidates);
  EXPECT_THAT(ranks.better, ElementsAre(0, 0, 0, 0));
  EXPECT_THAT(ranks.tied, ElementsAre(1, 1, 3, 3));
}

// Tests whole tiles and partial ones, for which matrix products take different code paths.
TEST(RetrievalRanks, EqualCandidatesTieInEveryPosition) {
  at::manual_seed(6);
  for (const int64_t n : {7, 11, 4096 + 3}) {
    const at::Tensor distinct = unit_rows(at::randn({n / 2 + 1, 512}));
    const at::Tensor candidates =
        at::cat({distinct, distinct.slice(0, 0, n - distinct.size(0)).flip(0)});
    const at::Tensor queries = unit_rows(at::randn({n, 512}));
    const RetrievalRanks ranks = one_to_one(queries, candidates);
    int64_t tied = 0;
    for (const int64_t ties : ranks.tied) tied += ties;
    EXPECT_EQ(tied, 2 * (n - distinct.size(0))) << n;
  }
}

TEST(RetrievalRanks, TheBestOfSeveralOwnCandidatesCounts) {
  at::manual_seed(5);
  // 1,500 queries with three candidates each need several tiles in both directions.
  const int64_t n = 1500;
  const at::Tensor queries = unit_rows(at::randn({n, 6}, at::kDouble));
  const at::Tensor candidates = unit_rows(at::randn({3 * n, 6}, at::kDouble));
  std::vector<int64_t> first, last;
  for (int64_t i = 0; i < n; ++i) {
    first.push_back(3 * i);
    last.push_back(3 * i + 3);
  }
  const at::Tensor cosines = queries.mm(candidates.t()).to(at::kFloat);
  const at::Tensor own = at::stack([&] {
    std::vector<at::Tensor> best;
    for (int64_t i = 0; i < n; ++i) best.push_back(cosines[i].narrow(0, 3 * i, 3).max());
    return best;
  }());
  const at::Tensor expected = (cosines > own.unsqueeze(1)).sum(1);
  const RetrievalRanks ranks = retrieval_ranks(queries, candidates, first, last);
  EXPECT_TRUE(at::equal(at::tensor(ranks.better, at::kLong), expected));
  EXPECT_THAT(ranks.tied, testing::Each(0));
}

TEST(Ranks, AWeightSaysHowOftenARankCounts) {
  const std::vector<int64_t> ranks = {0, 7, 3};
  const Weights weights = {2, 0, 1};
  EXPECT_NEAR(recall_at(ranks, 1, weights), 2.0 / 3, 1e-12);
  EXPECT_NEAR(mean_rank(ranks, weights), 2, 1e-12);
  EXPECT_EQ(median_rank(ranks, weights), 1);
  EXPECT_EQ(median_rank(ranks, Weights{1, 0, 1}), 2);  // floor(1.5) + 1
}

TEST(Retrieval, GivesTheScoresAskedForInBothDirections) {
  const at::Tensor features = at::eye(3);
  const Retrieval retrieval(features, features, {0, 1, 2});
  EXPECT_THAT(retrieval.scores({"R@1", "median_rank"}, Weights(3, 1)),
              testing::UnorderedElementsAre(testing::Pair("image_to_text_R@1", 1.0),
                                            testing::Pair("text_to_image_R@1", 1.0),
                                            testing::Pair("image_to_text_median_rank", 1.0),
                                            testing::Pair("text_to_image_median_rank", 1.0),
                                            testing::Pair("image_to_text_tied", 0.0),
                                            testing::Pair("text_to_image_tied", 0.0)));
}

TEST(Retrieval, CaptionsHaveTheWeightsOfTheirImages) {
  // Two captions of image 0, of which the second is nearer to image 1.
  const at::Tensor images = at::eye(2);
  const at::Tensor texts = images.index_select(0, at::tensor({0, 1, 1}));
  const Retrieval retrieval(images, texts, {0, 0, 1});
  const auto all = retrieval.scores({"R@1"}, Weights{1, 1});
  EXPECT_EQ(all.at("image_to_text_R@1"), 1.0);
  EXPECT_NEAR(all.at("text_to_image_R@1"), 2.0 / 3, 1e-12);
  const auto first = retrieval.scores({"R@1"}, Weights{1, 0});
  EXPECT_NEAR(first.at("text_to_image_R@1"), 0.5, 1e-12);
}

TEST(Retrieval, ReportsTiesIfAllFeaturesAreTheSame) {
  const at::Tensor same = at::eye(3).index_select(0, at::zeros({4}, at::kLong));
  const auto scores = Retrieval(same, same, {0, 1, 2, 3}).scores({"R@1"}, Weights(4, 1));
  EXPECT_EQ(scores.at("image_to_text_R@1"), 1.0);
  EXPECT_EQ(scores.at("image_to_text_tied"), 1.0);
  EXPECT_EQ(scores.at("text_to_image_tied"), 1.0);
}

}  // namespace
}  // namespace dermatome
