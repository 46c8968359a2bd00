#include "src/eval/logistic_regression.h"

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

TEST(LogisticRegression, NeverPredictsAClassWithoutSamples) {
  const LabeledFeatures train = one_feature({-1, 1, 2}, {0, 2, 2});
  const LinearClassifier classifier =
      fit_logistic_regression(train.features, train.labels, 4, 1.0, Penalty::kSquared);
  const at::Tensor logits = classifier.logits(at::tensor({-3.0, 3.0}).unsqueeze(1));
  EXPECT_TRUE(logits.argmax(1).equal(at::tensor({0, 2}, at::kLong)));
  EXPECT_TRUE(at::isneginf(logits.select(1, 1)).all().item<bool>());
  EXPECT_FALSE(logits.isnan().any().item<bool>());
}

TEST(LogisticRegression, RefusesSamplesOfOneClass) {
  const LabeledFeatures train = one_feature({-1, 1}, {1, 1});
  EXPECT_THAT(
      [&] { fit_logistic_regression(train.features, train.labels, 2, 1.0, Penalty::kSquared); },
      ThrowsMessage<DataError>(HasSubstr("of 1 class")));
}

}  // namespace
}  // namespace dermatome
