#include "src/objective/patch_weights_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/objective_options.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(PatchWeightsText, SaysWhatTheRunTrainedWith) {
  ObjectiveOptions options;
  options.sigma = 0.25;
  EXPECT_THAT(describe_patch_weights(options).formula,
              HasSubstr("0 below sigma (0.25 in this run)"));
  EXPECT_THAT(describe_patch_weights(options).notes, IsEmpty());
  options.mode = ObjectiveMode::kReleased;
  EXPECT_THAT(describe_patch_weights(options).notes, ElementsAre(HasSubstr("mode `released`")));
  options.local_alignment = false;
  EXPECT_THAT(describe_patch_weights(options).notes,
              ElementsAre(HasSubstr("trained without local alignment")));
}

}  // namespace
}  // namespace dermatome
