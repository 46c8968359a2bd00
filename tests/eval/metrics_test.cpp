#include "src/eval/metrics.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/golden.h"

namespace dermatome {
namespace {

nlohmann::ordered_json recorded(const std::string& key) {
  return read_golden_json("metrics.json").at(key);
}

TEST(ClassificationMetrics, EqualScikitLearnsRecordedOnes) {
  const auto expected = recorded("zero_shot");
  const auto tensors = read_golden_tensors("metrics.safetensors");
  const at::Tensor logits = tensors.at("zs_logits");
  const at::Tensor labels = tensors.at("zs_labels");
  EXPECT_NEAR(top_k_accuracy(logits, labels, 1), expected.at("top1"), 1e-9);
  EXPECT_NEAR(top_k_accuracy(logits, labels, 5), expected.at("top5"), 1e-9);
  EXPECT_NEAR(weighted_f1(logits, labels), expected.at("weighted_f1"), 1e-9);
  EXPECT_NEAR(macro_auroc(logits, labels), expected.at("macro_auroc_present_classes"), 1e-6);
  const at::Tensor probabilities = logits.to(at::kDouble).softmax(1);
  for (const auto& [name, area] : expected.at("auroc_per_class").items()) {
    const int64_t c = std::stoll(name);
    EXPECT_NEAR(auroc(probabilities.select(1, c), labels == c), area, 1e-6) << name;
  }
}

TEST(ClassificationMetrics, BalancedAccuracyIsTheMeanRecallOfClassesThatOccur) {
  // Class 0: 2 of 3 right; class 1: 0 of 1; class 2 does not occur.
  const at::Tensor logits = at::eye(3).index_select(0, at::tensor({0, 0, 1, 2}));
  const at::Tensor labels = at::tensor({0, 0, 0, 1}, at::kLong);
  EXPECT_NEAR(balanced_accuracy(logits, labels), (2.0 / 3 + 0) / 2, 1e-12);
}

TEST(ClassificationMetrics, TopKOfMoreClassesThanThereAreIsEverything) {
  EXPECT_EQ(top_k_accuracy(at::rand({4, 3}), at::tensor({0, 1, 2, 0}, at::kLong), 5), 1.0);
}

TEST(Auroc, CountsTiesHalf) {
  const auto expected = recorded("auroc_ties");
  const auto scores = expected.at("scores").get<std::vector<double>>();
  const auto labels = expected.at("labels").get<std::vector<int64_t>>();
  EXPECT_NEAR(auroc(at::tensor(scores), at::tensor(labels) == 1), expected.at("auroc"), 1e-12);
}

TEST(Auroc, IsNotANumberForOneKindOnly) {
  EXPECT_TRUE(std::isnan(auroc(at::rand({3}), at::ones({3}, at::kBool))));
}

TEST(Retrieval, EqualsTheRecordedRanks) {
  const auto expected = recorded("retrieval");
  const auto tensors = read_golden_tensors("metrics.safetensors");
  const at::Tensor image = tensors.at("ret_image");
  const at::Tensor text = tensors.at("ret_text");
  for (const auto& [name, ranks] : {std::pair("image_to_text", retrieval_ranks(image, text).better),
                                    {"text_to_image", retrieval_ranks(text, image).better}}) {
    const auto& direction = expected.at(name);
    EXPECT_NEAR(mean_rank(ranks), direction.at("mean_rank"), 1e-6) << name;
    EXPECT_NEAR(median_rank(ranks), direction.at("median_rank"), 1e-6) << name;
    for (const int k : {10, 50, 100}) {
      EXPECT_NEAR(recall_at(ranks, k), direction.at("R@" + std::to_string(k)), 1e-6) << name << k;
    }
  }
}

TEST(Retrieval, ChunksDoNotShow) {
  // More queries than one chunk: compared with the whole matrix at once.
  const at::Tensor queries = at::randn({1500, 8});
  const at::Tensor candidates = at::randn({1500, 8});
  const at::Tensor cosines = queries.to(at::kDouble).mm(candidates.to(at::kDouble).t());
  const at::Tensor expected = (cosines > cosines.diagonal().unsqueeze(1)).sum(1);
  const RetrievalRanks ranks = retrieval_ranks(queries, candidates);
  // In single precision a few near ties may fall the other way.
  EXPECT_LT((ranks.better - expected).abs().max().item<int64_t>(), 3);
}

TEST(Retrieval, CountsCandidatesThatAreExactlyAsNear) {
  const at::Tensor queries = at::eye(4);
  const at::Tensor candidates = queries.index_select(0, at::tensor({0, 1, 1, 0}));
  const RetrievalRanks ranks = retrieval_ranks(queries, candidates);
  EXPECT_TRUE(at::equal(ranks.better, at::tensor({0, 0, 0, 0}, at::kLong)));
  EXPECT_TRUE(at::equal(ranks.tied, at::tensor({1, 1, 3, 3}, at::kLong)));
}

}  // namespace
}  // namespace dermatome
