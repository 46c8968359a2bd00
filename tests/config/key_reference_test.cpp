#include "src/config/key_reference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "tests/config/config_error.h"

namespace dermatome {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(KeyReference, TheCommentedDefaultsAreAConfiguration) {
  const TrainOptions read = load_train_config(write_yaml(commented_defaults(), "run.yaml"),
                                              {"model.architecture=m", "data.train=s"});
  TrainOptions expected;
  expected.name = "run";
  expected.model.architecture = "m";
  expected.data.train = {"s"};
  EXPECT_EQ(read, expected);
}

TEST(KeyReference, TheDefaultsHaveTheMeaningAboveTheKey) {
  EXPECT_THAT(commented_defaults(),
              HasSubstr("\n\n  # The gradient's global norm is clipped to this; 0: no clipping. (a "
                        "number, at least 0)\n  clip_norm: 0\n"));
  for (const Setting& setting : list_settings(TrainOptions())) {
    EXPECT_THAT(commented_defaults(), HasSubstr(": " + setting.value + "\n")) << setting.key;
  }
}

TEST(KeyReference, ExplainsASetting) {
  EXPECT_EQ(explained_key("optimizer.weight_decay"),
            "optimizer.weight_decay\n"
            "  AdamW's weight decay. It applies to matrices only: not to gains, biases, class "
            "embedding and logit\n"
            "  scale.\n"
            "  Value: a number, at least 0\n"
            "  Default: 0.2\n"
            "  Elsewhere called: wd, decay, l2, l2_penalty\n");
  EXPECT_THAT(explained_key("optimizer.non_finite"), HasSubstr("Value: one of fail, skip\n"));
}

TEST(KeyReference, FindsASettingByItsLastPartByItsSectionOrByAnotherName) {
  EXPECT_THAT(explained_key("lr"), StartsWith("optimizer.lr\n"));
  EXPECT_THAT(explained_key("schedule"),
              testing::AllOf(StartsWith("schedule.epochs\n"), HasSubstr("\n\nschedule.warmup\n")));
  EXPECT_THAT(explained_key("--wd"), StartsWith("--wd: here it is called 'optimizer.weight_decay'\n"
                                                "\noptimizer.weight_decay\n"));
  EXPECT_THAT(explained_key("--local-loss"), StartsWith("--local-loss: nothing here corresponds"));
  EXPECT_THAT(explained_key("every_steps"), testing::AllOf(HasSubstr("checkpoint.every_steps\n"),
                                                           HasSubstr("validation.every_steps\n")));
}

TEST(KeyReference, NamesTheNearestKeyForAnUnknownOne) {
  EXPECT_EQ(config_error([] { explained_key("objective.sigm"); }),
            "unknown key 'objective.sigm'; the nearest known key is 'objective.sigma', and "
            "`dermatome config --defaults` lists all");
  EXPECT_EQ(config_error([] { explained_key("nonsense"); }),
            "unknown key 'nonsense'; `dermatome config --defaults` lists all");
}

}  // namespace
}  // namespace dermatome
