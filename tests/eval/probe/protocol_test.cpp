#include "src/eval/probe/protocol.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "src/core/error.h"
#include "tests/eval/probe/one_feature.h"

namespace dermatome {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(ChooseC, TakesTheMostAccurateAndOfEqualOnesTheSmallest) {
  // A stronger penalty moves the boundary to larger values: 0.9 is then taken for class 0.
  const LabeledFeatures train = one_feature({-1, -1, -1, -1, -1, 1}, {0, 0, 0, 0, 0, 1});
  const LabeledFeatures near = one_feature({0.9, -0.9}, {1, 0});
  const double chosen = choose_c(train, near, 2, {100, 0.01, 10}, Penalty::kSquared);
  EXPECT_EQ(chosen, 10);
  const LabeledFeatures easy = one_feature({-1, -2}, {0, 0});
  EXPECT_EQ(choose_c(train, easy, 2, {100, 0.01, 10}, Penalty::kSquared), 0.01);
}

// Samples of class 0 around -1 and of class 1 around 1.
LabeledFeatures two_classes() {
  return one_feature({-1.2, -1, -0.8, -1.1, 0.9, 1, 1.3, 0.7}, {0, 0, 0, 0, 1, 1, 1, 1});
}

TEST(FitProbe, UsesTheOnlyCAndAllSamples) {
  ProbeOptions options;
  options.c = {"0.5"};
  const LabeledFeatures train = two_classes();
  const FittedProbe probe = fit_probe(train, nullptr, /*join=*/true, 2, options);
  EXPECT_EQ(probe.c, 0.5);
  EXPECT_EQ(probe.num_train, 8);
  EXPECT_TRUE(probe.classifier.logits(train.features).argmax(1).equal(train.labels));
}

TEST(FitProbe, JoinsTheValidationSetThatCWasChosenBy) {
  ProbeOptions options;
  options.c = {"0.01", "1"};
  const LabeledFeatures validation = one_feature({-1, 1}, {0, 1});
  EXPECT_EQ(fit_probe(two_classes(), &validation, /*join=*/true, 2, options).num_train, 10);
  EXPECT_EQ(fit_probe(two_classes(), &validation, /*join=*/false, 2, options).num_train, 8);
}

TEST(FitProbe, ChoosesByHeldOutSamplesAndIsFittedToAll) {
  ProbeOptions options;
  options.c = {"0.01", "1"};
  options.held_out = 0.5;
  EXPECT_EQ(fit_probe(two_classes(), nullptr, true, 2, options).num_train, 8);
  options.held_out = 0.1;
  EXPECT_THAT([&] { fit_probe(two_classes(), nullptr, true, 2, options); },
              ThrowsMessage<DataError>(HasSubstr("larger --held-out")));
}

TEST(CandidatesOfC, AreNumbersAboveZeroOrAuto) {
  const LabeledFeatures train = {at::zeros({4, 50}), at::tensor({0, 2, 2, 0}, at::kLong)};
  EXPECT_THAT(candidates_of({"auto", "0.25"}, train), testing::ElementsAre(1, 0.25));
  for (const char* bad : {"0", "-1", "1x", "nan", "inf", ""}) {
    EXPECT_THAT([&] { candidates_of({bad}, train); },
                ThrowsMessage<ConfigError>(HasSubstr("must be a number above 0 or auto")));
  }
}

TEST(CheckProbe, RefusesWhatContradictsItself) {
  ProbeOptions options;
  EXPECT_NO_THROW(check_probe(options));
  options.validation = "v.yaml";
  EXPECT_THAT([&] { check_probe(options); },
              ThrowsMessage<ConfigError>(HasSubstr("among several values of --C")));
  options.validation.clear();
  options.c = {"1", "2"};
  options.shots = {4};
  EXPECT_THAT([&] { check_probe(options); },
              ThrowsMessage<ConfigError>(HasSubstr("needs --validation")));
}

TEST(CheckDraws, NamesADrawThatHoldsOneClass) {
  ProbeOptions options;
  options.train = "train.yaml";
  options.fractions = {1, 0.1};
  const at::Tensor labels = two_classes().labels;
  EXPECT_THAT(
      [&] {
        check_draws(labels, {"nevus", "wart"}, options);
      },
      ThrowsMessage<DataError>(testing::AllOf(
          HasSubstr("train.yaml: --fractions 0.1 draws 1 of 8 samples, all of class '"),
          HasSubstr("another --seed"))));
  options.fractions = {1};
  EXPECT_NO_THROW(check_draws(labels, {"nevus", "wart"}, options));
}

TEST(AmountsOf, AreShotsThenFractionsOrAllSamplesOnce) {
  ProbeOptions options;
  options.repetitions = 3;
  const std::vector<Amount> all = amounts_of(options);
  ASSERT_EQ(all.size(), 1);
  EXPECT_TRUE(all[0].is_all());
  EXPECT_EQ(repetitions_of(all[0], options), 1);
  options.shots = {1, 4};
  options.fractions = {0.5};
  const std::vector<Amount> amounts = amounts_of(options);
  ASSERT_EQ(amounts.size(), 3);
  EXPECT_EQ(amounts[1].shots, 4);
  EXPECT_EQ(amounts[2].fraction, 0.5);
  EXPECT_EQ(repetitions_of(amounts[2], options), 3);
}

}  // namespace
}  // namespace dermatome
