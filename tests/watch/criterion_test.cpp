#include "src/watch/criterion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/error.h"

namespace dermatome {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

class CriterionOf : public testing::Test {
 protected:
  CriterionOf() {
    choosing_.name = "a:b";
    choosing_.role = BenchmarkRole::kValidation;
    choosing_.metrics = {"top1", "auroc"};
    judging_.name = "judging";
    judging_.metrics = {"top1"};
  }

  Criterion parse(const std::string& text) const {
    return parse_criterion(text, {&judging_, &choosing_}, {{"judging", "x"}, {"a:b", "y"}});
  }

  BenchmarkOptions choosing_, judging_;
};

TEST_F(CriterionOf, IsAScoreOfABenchmark) {
  const Criterion criterion = parse("a:b:auroc");
  EXPECT_EQ(criterion.definition, (Definition{"a:b", "y"}));
  EXPECT_EQ(criterion.metric, "auroc");
  EXPECT_FALSE(criterion.lower_is_better);
}

TEST_F(CriterionOf, TheKindSaysWhichScoresAreBetterLow) {
  choosing_.kind = &retrieval_kind();
  choosing_.metrics = {"R@1", "mean_rank"};
  EXPECT_TRUE(parse("a:b:image_to_text_mean_rank").lower_is_better);
  EXPECT_FALSE(parse("a:b:image_to_text_R@1").lower_is_better);
}

TEST_F(CriterionOf, ATestSetCannotChoose) {
  EXPECT_THAT([&] { parse("judging:top1"); },
              ThrowsMessage<ConfigError>(HasSubstr("must not choose")));
}

TEST_F(CriterionOf, WhatDoesNotExistIsNamed) {
  EXPECT_THAT([&] { parse("top1"); }, ThrowsMessage<ConfigError>(HasSubstr("BENCHMARK:METRIC")));
  EXPECT_THAT([&] { parse("other:top1"); },
              ThrowsMessage<ConfigError>(HasSubstr("no --benchmark is named other")));
  EXPECT_THAT([&] { parse("a:b:top5"); },
              ThrowsMessage<ConfigError>(HasSubstr("a:b has the scores top1, auroc")));
}

}  // namespace
}  // namespace dermatome
