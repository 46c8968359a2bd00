#include "src/eval/kinds/kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "src/eval/kinds/kind.h"

namespace dermatome {
namespace {

TEST(BenchmarkKinds, HaveNamesOfTheirOwn) {
  std::vector<std::string> names;
  for (const auto* kind : benchmark_kinds()) names.emplace_back(kind->name());
  EXPECT_THAT(names, testing::ElementsAre("classification", "concepts", "retrieval"));
}

TEST(BenchmarkKinds, NameTheirScores) {
  BenchmarkOptions options;
  options.metrics = {"top1", "auroc"};
  EXPECT_THAT(classification_kind().score_names(options), testing::ElementsAre("top1", "auroc"));
  options.metrics = {"R@5", "mean_rank"};
  EXPECT_THAT(retrieval_kind().score_names(options),
              testing::ElementsAre("image_to_text_R@5", "image_to_text_mean_rank",
                                   "text_to_image_R@5", "text_to_image_mean_rank"));
}

TEST(BenchmarkKinds, KnowWhatClipBenchmarkCallsThem) {
  EXPECT_EQ(classification_kind().clip_benchmark_task(), "zeroshot_classification");
  EXPECT_EQ(classification_kind().clip_benchmark_metric("top5"), "acc5");
  EXPECT_EQ(classification_kind().clip_benchmark_metric("auroc"), "auroc");
  EXPECT_EQ(retrieval_kind().clip_benchmark_task(), "zeroshot_retrieval");
  EXPECT_EQ(retrieval_kind().clip_benchmark_metric("text_to_image_R@10"),
            "image_retrieval_recall@10");
  EXPECT_EQ(retrieval_kind().clip_benchmark_metric("image_to_text_R@1"), "text_retrieval_recall@1");
  EXPECT_EQ(retrieval_kind().clip_benchmark_metric("image_to_text_tied"), "image_to_text_tied");
  EXPECT_EQ(concepts_kind().clip_benchmark_task(), "");
}

}  // namespace
}  // namespace dermatome
