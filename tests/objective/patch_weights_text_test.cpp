#include "src/objective/patch_weights_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/objective_options.h"
#include "src/objective/create_objective.h"

namespace dermatome {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

PatchWeightsText text_of(const ObjectiveOptions& options) {
  return create_objective(options)->patch_weights_text().value();
}

TEST(PatchWeightsText, SaysWhatTheRunTrainedWith) {
  ObjectiveOptions options;
  options.sigma = 0.25;
  EXPECT_THAT(text_of(options).formula, HasSubstr("0 below sigma (0.25 in this run)"));
  EXPECT_THAT(text_of(options).notes, IsEmpty());
  options.mode = ObjectiveMode::kReleased;
  EXPECT_THAT(text_of(options).notes, ElementsAre(HasSubstr("mode `released`")));
  options.local_alignment = false;
  EXPECT_THAT(text_of(options).notes, ElementsAre(HasSubstr("trained without local alignment")));
}

TEST(PatchWeightsText, IsThereForPlainClipToo) {
  ObjectiveOptions options;
  options.sigma = 0.25;
  options.mkcl = options.local_alignment = false;
  EXPECT_THAT(text_of(options).formula, HasSubstr("0 below sigma (0.25 in this run)"));
  EXPECT_THAT(text_of(options).notes, ElementsAre(HasSubstr("trained without local alignment")));
}

}  // namespace
}  // namespace dermatome
