#include "src/eval/scoring.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "src/eval/benchmark_features.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/benchmark_table.h"
#include "src/eval/kinds/classification.h"
#include "src/eval/kinds/concepts.h"
#include "src/eval/leakage.h"

namespace dermatome {
namespace {

// Four images of two classes. The classifier takes the third image for the other class.
class Classification : public testing::Test {
 protected:
  Classification() {
    options_.name = "bench";
    options_.classes = {{"mel", {"melanoma"}}, {"bcc", {"carcinoma"}}, {"nev", {"nevus"}}};
    options_.templates = {"{}"};
    options_.metrics = {"top1", "balanced_accuracy"};
    options_.bootstrap = 200;
    options_.min_slice = 2;
    table_.names = {"a", "b", "c", "d"};
    table_.images = table_.names;
    table_.truth = std::make_shared<ClassLabels>(std::vector<int64_t>{0, 0, 0, 1});
    table_.group = {0, 1, 2, 3};
    table_.slices = {{"tone", {"1", "2", "2", "2"}}};
    table_.unlisted = {{"scc", 7}};
    features_.texts = at::eye(3);
    features_.images = features_.texts.index_select(0, at::tensor({0, 0, 1, 1}));
    features_.checksums = {1, 2, 3, 4};
  }

  BenchmarkResult score(const ScoringOptions& how = {}) const {
    return score_benchmark(options_, table_, features_, how);
  }

  BenchmarkOptions options_;
  BenchmarkTable table_;
  BenchmarkFeatures features_;
};

TEST_F(Classification, ScoresAndDetails) {
  const BenchmarkResult result = score();
  EXPECT_EQ(result.name, "bench");
  EXPECT_EQ(result.num_samples, 4);
  EXPECT_EQ(result.scores.at("top1"), 0.75);
  EXPECT_NEAR(result.scores.at("balanced_accuracy"), (2.0 / 3 + 1) / 2, 1e-12);
  const auto& details = result.details;
  EXPECT_EQ(details.at("kind"), "classification");
  EXPECT_EQ(details.at("role"), "test");
  EXPECT_EQ(details.at("classes")[0].at("n"), 3);
  EXPECT_NEAR(details.at("classes")[0].at("recall").get<double>(), 2.0 / 3, 1e-12);
  EXPECT_EQ(details.at("confusion")[0][1], 1);
  EXPECT_THAT(details.at("absent_classes"), testing::ElementsAre("nev"));
  EXPECT_EQ(details.at("unlisted_labels").at("scc"), 7);
  EXPECT_EQ(details.at("leakage").at("status"), "not checked");
  const auto& interval = details.at("intervals").at("top1");
  EXPECT_LE(interval[0].get<double>(), 0.75);
  EXPECT_GE(interval[1].get<double>(), 0.75);
  EXPECT_LT(interval[0].get<double>(), interval[1].get<double>());
  EXPECT_THAT(details.at("resampled_by").get<std::string>(), testing::HasSubstr("independent"));
}

TEST_F(Classification, SlicesBelowTheMinimumHaveNoScores) {
  const auto tones = score().details.at("slices").at("tone");
  ASSERT_EQ(tones.size(), 2);
  EXPECT_EQ(tones[0].at("n"), 1);
  EXPECT_TRUE(tones[0].at("scores").is_null());
  EXPECT_EQ(tones[1].at("n"), 3);
  EXPECT_NEAR(tones[1].at("scores").at("top1").get<double>(), 2.0 / 3, 1e-12);
}

TEST_F(Classification, LeakageIsCountedAndScoresWithoutItAreAdded) {
  const Leakage leakage{"pairs.csv", {"c", "elsewhere"}};
  const auto found = score({.leakage = &leakage}).details.at("leakage");
  EXPECT_EQ(found.at("status"), "checked");
  EXPECT_EQ(found.at("pairs"), "pairs.csv");
  EXPECT_EQ(found.at("near_duplicates"), 1);
  EXPECT_EQ(found.at("scores_without").at("top1"), 1.0);
  const Leakage all{"pairs.csv", {"a", "b", "c", "d"}};
  const auto nothing_left = score({.leakage = &all}).details.at("leakage");
  EXPECT_TRUE(nothing_left.at("scores_without").is_null());
  EXPECT_THAT(nothing_left.at("reason").get<std::string>(),
              testing::HasSubstr("all images are near-duplicates of training images"));
  EXPECT_FALSE(found.contains("reason"));
}

TEST_F(Classification, HashesTellWhatChanged) {
  const auto hashes = [this] { return score().details.at("hashes"); };
  const auto before = hashes();
  features_.checksums[1] = 9;
  EXPECT_NE(hashes().at("data"), before.at("data"));
  EXPECT_EQ(hashes().at("classes"), before.at("classes"));
  options_.classes[0].names = {"mela", "noma"};
  EXPECT_NE(hashes().at("classes"), before.at("classes"));
  EXPECT_EQ(hashes().at("templates"), before.at("templates"));
}

TEST_F(Classification, ABriefResultHasTheSameScoresAndIdentity) {
  const BenchmarkResult brief = score({.brief = true});
  const BenchmarkResult whole = score();
  EXPECT_EQ(brief.scores, whole.scores);
  EXPECT_EQ(brief.details.size(), 2u);
  EXPECT_EQ(brief.details.at("hashes"), whole.details.at("hashes"));
  EXPECT_EQ(brief.details.at("leakage"), whole.details.at("leakage"));
}

TEST(ConceptScoring, LeavesOutUnknownCellsAndAveragesTheRest) {
  BenchmarkOptions options;
  options.name = "concepts";
  options.kind = &concepts_kind();
  options.classes = {{"scale", {"scale"}}, {"ulcer", {"ulcer"}}};
  options.templates = {"{}"};
  options.references = {"skin"};
  options.metrics = {"auroc"};
  options.bootstrap = 50;
  BenchmarkTable table;
  table.names = table.images = {"a", "b", "c"};
  table.group = {0, 1, 2};
  const auto truth = std::make_shared<ConceptCells>();
  truth->present = {{1, 0, ConceptCells::kUnknown}, {2, 2, 2}};
  truth->missing = {"ulcer"};
  table.truth = truth;
  BenchmarkFeatures features;
  features.texts = at::eye(3);
  features.images = features.texts.index_select(0, at::tensor({0, 2, 2}));
  features.checksums = {0, 0, 0};
  const BenchmarkResult result = score_benchmark(options, table, features, {});
  EXPECT_EQ(result.scores, (std::map<std::string, double>{{"auroc", 1.0}}));
  const auto& scale = result.details.at("concepts")[0];
  EXPECT_EQ(scale.at("n"), 2);
  EXPECT_EQ(scale.at("positives"), 1);
  EXPECT_EQ(scale.at("auroc"), 1.0);
  EXPECT_EQ(scale.at("interval"), (nlohmann::ordered_json{1.0, 1.0}));
  EXPECT_EQ(result.details.at("intervals").size(), 1);
  EXPECT_THAT(result.details.at("missing_concepts"), testing::ElementsAre("ulcer"));
}

}  // namespace
}  // namespace dermatome
