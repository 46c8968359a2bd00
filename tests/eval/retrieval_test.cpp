#include "src/eval/retrieval.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <numeric>
#include <tuple>

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
  for (const auto& [name, ranks] : {std::pair("image_to_text", one_to_one(image, text)),
                                    {"text_to_image", one_to_one(text, image)}}) {
    EXPECT_THAT(ranks.tied, testing::Each(0)) << name;
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
  EXPECT_THAT(ranks.own, testing::Each(1));
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

// The expected scores of one query: the mean over all orders of its candidates, which are then
// sorted by cosine without changing the order of equal ones.
struct ExpectedScores {
  std::map<int64_t, double> recall;  // by k
  double rank = 0;                   // from 1
};
ExpectedScores over_all_orders(const std::vector<float>& cosines, size_t own_first,
                               size_t own_last) {
  std::vector<size_t> order(cosines.size());
  std::iota(order.begin(), order.end(), size_t{0});
  ExpectedScores sum;
  double orders = 0;
  do {
    std::vector<size_t> sorted = order;
    std::ranges::stable_sort(sorted, std::greater<>(), [&](size_t i) { return cosines[i]; });
    const auto found =
        std::ranges::find_if(sorted, [&](size_t i) { return i >= own_first && i < own_last; });
    const int64_t rank = found - sorted.begin();
    for (int64_t k = 1; k <= std::ssize(cosines) + 1; ++k) sum.recall[k] += rank < k ? 1 : 0;
    sum.rank += static_cast<double>(rank) + 1;
    ++orders;
  } while (std::ranges::next_permutation(order).found);
  for (auto& entry : sum.recall) entry.second /= orders;
  sum.rank /= orders;
  return sum;
}

TEST(ExpectedScores, AreTheMeansOverAllOrdersOfTiedCandidates) {
  // Cosines with the query e0 are the candidates' first numbers.
  for (const auto& [cosines, first, last] :
       {std::tuple(std::vector<float>{.5f, .5f, .5f, .5f, .5f, .5f}, 2, 3),
        {{.5f, .5f, .5f, .5f, .5f, .5f}, 1, 4},
        {{.5f, .9f, .5f, .5f, .1f, .5f, .9f}, 2, 4},
        {{.5f, .9f, .5f, .4f, .1f, .5f, .9f}, 2, 4},
        {{.5f, .5f, .2f, .2f}, 0, 2},
        {{.5f, .2f, .2f, .2f}, 1, 2},
        {{.1f, .2f, .3f, .4f}, 1, 3}}) {
    const at::Tensor first_numbers = at::tensor(cosines).unsqueeze(1);
    const at::Tensor candidates = at::cat({first_numbers, (1 - first_numbers.square()).sqrt()}, 1);
    const std::vector<int64_t> from = {first};
    const std::vector<int64_t> to = {last};
    const RetrievalRanks ranks =
        retrieval_ranks(at::tensor({1.0f, 0.0f}).unsqueeze(0), candidates, from, to);
    const ExpectedScores expected =
        over_all_orders(cosines, static_cast<size_t>(first), static_cast<size_t>(last));
    for (const auto& [k, recall] : expected.recall) {
      EXPECT_NEAR(recall_at(ranks, k, Weights{1}), recall, 1e-12) << candidates << k;
    }
    EXPECT_NEAR(mean_rank(ranks, Weights{1}), expected.rank, 1e-12) << candidates;
    EXPECT_EQ(median_rank(ranks, Weights{1}), std::ceil(expected.rank - 1e-9)) << candidates;
  }
}

TEST(ExpectedScores, AreThoseOfGuessingIfAllFeaturesAreTheSame) {
  const int64_t n = 2000;
  const at::Tensor same = unit_rows(at::ones({n, 8}));
  const RetrievalRanks ranks = one_to_one(same, same);
  const Weights all(static_cast<size_t>(n), 1);
  for (const int64_t k : {1, 10, 1999, 2000, 5000}) {
    EXPECT_NEAR(recall_at(ranks, k, all),
                static_cast<double>(std::min(k, n)) / static_cast<double>(n), 1e-12);
  }
  EXPECT_NEAR(mean_rank(ranks, all), 1000.5, 1e-9);
  EXPECT_EQ(median_rank(ranks, all), 1001);
}

TEST(TopkRecall, EqualsTheExpectedOneWhereNothingIsTied) {
  at::manual_seed(7);
  // Several tiles of queries, and three candidates each.
  const at::Tensor queries = unit_rows(at::randn({600, 16}));
  const at::Tensor candidates = unit_rows(at::randn({1800, 16}));
  std::vector<int64_t> first, last;
  for (int64_t i = 0; i < 600; ++i) {
    first.push_back(3 * i);
    last.push_back(3 * i + 3);
  }
  const RetrievalRanks ranks = retrieval_ranks(queries, candidates, first, last);
  for (const int64_t k : {1, 10, 1799, 1800, 9000}) {
    // In single precision a near tie may fall the other way.
    EXPECT_NEAR(topk_recall_at(queries, candidates, first, last, k),
                recall_at(ranks, k, Weights(600, 1)), 2.1 / 600)
        << k;
  }
}

TEST(TopkRecall, GivesEveryQueryTheSameCandidatesIfAllAreTied) {
  const at::Tensor same = unit_rows(at::ones({5, 4}));
  const std::vector<int64_t> first = {0, 1, 2, 3, 4};
  const std::vector<int64_t> last = {1, 2, 3, 4, 5};
  for (const int64_t k : {1, 2, 5}) {
    EXPECT_NEAR(topk_recall_at(same, same, first, last, k), static_cast<double>(k) / 5, 1e-12);
  }
}

TEST(Ranks, AWeightSaysHowOftenARankCounts) {
  const RetrievalRanks ranks = {.better = {0, 7, 3}, .own = {1, 1, 1}, .tied = {0, 0, 0}};
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
  EXPECT_EQ(all.at("image_to_text_R@1"), 0.75);  // image 1 has the caption of another one
  EXPECT_NEAR(all.at("text_to_image_R@1"), 2.0 / 3, 1e-12);
  const auto first = retrieval.scores({"R@1"}, Weights{1, 0});
  EXPECT_NEAR(first.at("text_to_image_R@1"), 0.5, 1e-12);
}

TEST(Retrieval, ReportsTiesIfAllFeaturesAreTheSame) {
  const at::Tensor same = at::eye(3).index_select(0, at::zeros({4}, at::kLong));
  const Retrieval retrieval(same, same, {0, 1, 2, 3});
  const auto scores = retrieval.scores({"R@1"}, Weights(4, 1));
  EXPECT_EQ(scores.at("image_to_text_R@1"), 0.25);
  EXPECT_EQ(scores.at("image_to_text_tied"), 1.0);
  EXPECT_EQ(scores.at("text_to_image_tied"), 1.0);
  // Of a slice too, though all candidates take part.
  EXPECT_EQ(retrieval.scores({"R@1"}, Weights{1, 1, 0, 0}).at("text_to_image_R@1"), 0.25);
}

TEST(Retrieval, ACaptionThatImagesShareIsNotFoundForCertain) {
  // Images 0 and 1 have the same caption, and each image is nearest to its own caption.
  const at::Tensor images = at::eye(3);
  const at::Tensor texts =
      unit_rows(at::tensor({1., 1., 0., 1., 1., 0., 0., 0., 1.}, at::kFloat).view({3, 3}));
  const Retrieval retrieval(images, texts, {0, 1, 2});
  const auto scores = retrieval.scores({"R@1", "R@2", "mean_rank"}, Weights(3, 1));
  EXPECT_NEAR(scores.at("image_to_text_R@1"), 2.0 / 3, 1e-12);
  EXPECT_EQ(scores.at("image_to_text_R@2"), 1.0);
  EXPECT_NEAR(scores.at("image_to_text_mean_rank"), 4.0 / 3, 1e-12);
  EXPECT_NEAR(scores.at("image_to_text_tied"), 2.0 / 3, 1e-12);
  // CLIP_benchmark gives both queries the same of the two captions.
  const auto theirs = retrieval.clip_benchmark_scores({"R@1", "mean_rank"});
  EXPECT_NEAR(theirs.at("image_to_text_R@1"), 2.0 / 3, 1e-12);
  EXPECT_EQ(theirs.at("image_to_text_mean_rank"), scores.at("image_to_text_mean_rank"));
}

}  // namespace
}  // namespace dermatome
