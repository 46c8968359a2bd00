#include "src/eval/probe/result_lines.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/eval/probe/one_feature.h"

namespace dermatome {
namespace {

TEST(ProbeScores, HaveTheirMeanAndDeviation) {
  const std::vector<ProbeScores> scores = {{{"top1", 0.5}}, {{"top1", 0.75}}, {{"top1", 1.0}}};
  EXPECT_EQ(mean_scores(scores), (ProbeScores{{"top1", 0.75}}));
  EXPECT_EQ(deviations(scores), (ProbeScores{{"top1", 0.25}}));
}

// A test set of which the probe classifies two samples correctly and one wrongly.
class ProbeLine : public testing::Test {
 protected:
  ProbeLine() {
    test_.options.name = "test";
    test_.options.classes = {{"mel", {"melanoma"}}, {"nev", {"nevus"}}, {"bcc", {"carcinoma"}}};
    test_.options.metrics = {"top1"};
    test_.options.bootstrap = 20;
    test_.table.images = {"a", "b", "c"};
    test_.table.group = {0, 1, 2};
    test_.samples = one_feature({-1, 1, -1}, {0, 1, 1});
    train_.options = test_.options;
    train_.options.name = "train";
    probe_ = fit_probe(one_feature({-1, 1}, {0, 1}), nullptr, false, 3, {});
  }

  nlohmann::ordered_json line(size_t probes, const Amount& amount) const {
    return probe_line(std::vector<FittedProbe>(probes, probe_), amount, train_, test_,
                      {"model", "abc"}, {});
  }

  LabeledSet train_, test_;
  FittedProbe probe_;
};

TEST_F(ProbeLine, OfAllSamplesHasClassesAndIntervals) {
  const auto result = line(1, {});
  EXPECT_EQ(result.at("kind"), "linear_probe");
  EXPECT_NEAR(result.at("scores").at("top1").get<double>(), 2.0 / 3, 1e-12);
  EXPECT_EQ(result.at("num_train"), 2);
  EXPECT_EQ(result.at("classes").size(), 3);
  EXPECT_TRUE(result.at("intervals").contains("top1"));
  EXPECT_THAT(result.at("untrained_classes"), testing::ElementsAre("bcc"));
  EXPECT_TRUE(result.at("shots").is_null());
  EXPECT_FALSE(result.contains("runs"));
}

TEST_F(ProbeLine, OfSomeSamplesHasItsRunsAndTheirDeviation) {
  const auto result = line(2, {.shots = 1, .fraction = {}});
  EXPECT_EQ(result.at("shots"), 1);
  EXPECT_EQ(result.at("runs").size(), 2);
  EXPECT_EQ(result.at("deviations").at("top1"), 0);
  EXPECT_FALSE(result.contains("classes"));
  EXPECT_TRUE(line(1, {.shots = 1, .fraction = {}}).at("deviations").is_null());
}

}  // namespace
}  // namespace dermatome
