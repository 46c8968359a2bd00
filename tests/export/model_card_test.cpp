#include "src/export/model_card.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/error_of.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

CardFacts facts() {
  CardFacts facts;
  facts.name = "first";
  facts.type = "bf16";
  facts.weights_hash = "c0ffee";
  facts.version = "0.1.0, revision 1";
  return facts;
}

TEST(ModelCard, OfAloneWeightsIsShort) {
  const std::string card = model_card(facts());
  EXPECT_THAT(card, StartsWith("---\nlibrary_name: transformers\n"));
  EXPECT_THAT(card, AllOf(HasSubstr("\n# Replace this line by the license"), HasSubstr("# first\n"),
                          HasSubstr("Not for diagnosis"), HasSubstr("| c0ffee |"),
                          HasSubstr("Dermatome 0.1.0, revision 1"), HasSubstr("CLIPProcessor"),
                          HasSubstr("do not say how"), HasSubstr("No scores")));
  EXPECT_THAT(card, Not(HasSubstr("base_model")));
}

TEST(ModelCard, TellsTheRun) {
  CardFacts of_run = facts();
  of_run.license = "cc-by-nc-4.0";
  of_run.base_model = "org/model";
  of_run.run = RunRecord{.step = 20,
                         .planned_steps = 40,
                         .num_samples = 90,
                         .dataset_digest = "decade",
                         .version = "0.0.9",
                         .start = "org/model",
                         .base_model = "org/model",
                         .recipe = {{"batch_size", "12"}, {"optimizer.lr", "0.001"}},
                         .scores = {{.benchmark = "a|b",
                                     .metric = "top1",
                                     .value = 0.5,
                                     .interval = {{0.25, 0.75}},
                                     .num_samples = 7,
                                     .step = 20,
                                     .data = "0123456789abcdef",
                                     .leakage = "not checked"}}};
  const std::string card = model_card(of_run);
  EXPECT_THAT(card, AllOf(HasSubstr("\nlicense: cc-by-nc-4.0\nbase_model: \"org/model\"\n---\n"),
                          HasSubstr("| step | 20 of 40 |"), HasSubstr("| decade |"),
                          HasSubstr("| started from | org/model |"), HasSubstr("Dermatome 0.0.9"),
                          HasSubstr("batch_size: 12\n"), HasSubstr("lr: 0.001\n")));
  EXPECT_THAT(
      card,
      HasSubstr(
          "| a\\|b | top1 | 0.5000 | 0.2500 to 0.7500 | 7 | 20 | 0123456789ab | not checked |\n"));

  of_run.run->recipe = {};  // then it is not known what the run started from
  EXPECT_THAT(model_card(of_run), Not(HasSubstr("started from")));
}

TEST(ModelCard, OfOneTowerTellsNothingOfTheOther) {
  CardFacts vision = facts();
  vision.format = ExportFormat::kVision;
  EXPECT_THAT(model_card(vision),
              AllOf(HasSubstr("| image tower |"), Not(HasSubstr("| text tower |")),
                    HasSubstr("CLIPVisionModelWithProjection"), Not(HasSubstr("tokenizer"))));
  CardFacts text = facts();
  text.format = ExportFormat::kText;
  EXPECT_THAT(model_card(text),
              AllOf(HasSubstr("| text tower |"), Not(HasSubstr("| image tower |")),
                    HasSubstr("CLIPTextModelWithProjection"), Not(HasSubstr("image processor"))));
}

TEST(ModelCard, TakesOnlyIdentifiersOfLicenses) {
  for (const char* good : {"", "cc-by-nc-4.0", "apache-2.0", "bigcode-openrail-m"}) {
    EXPECT_EQ(error_of([&] { check_license(good); }), "") << good;
  }
  for (const char* bad : {"my license", "x\nlicense: mit", "a:b"}) {
    EXPECT_THAT(error_of([&] { check_license(bad); }), HasSubstr("is no identifier of a license"));
  }
}

}  // namespace
}  // namespace dermatome
