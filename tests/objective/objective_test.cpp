#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include "src/config/objective_options.h"
#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/core/text.h"
#include "src/model/autocast.h"
#include "src/objective/create_objective.h"
#include "tests/objective/golden_loss.h"

namespace dermatome {
namespace {

// Options that differ from the defaults in one respect each, with their names.
std::map<std::string, ObjectiveOptions> option_variants() {
  std::map<std::string, ObjectiveOptions> variants;
  variants["default"] = {};
  variants["all"].negatives = Negatives::kAll;
  variants["knowledge"].positives = LocalPositives::kKnowledge;
  variants["renormalize_local"].renormalize_local = true;
  variants["sigma"].sigma = 0.3;
  variants["lambdas"].lambda_m = 0.3;
  variants["lambdas"].lambda_s = 1.7;
  variants["no weights"].subcaption_weights = false;
  variants["no local alignment"].local_alignment = false;
  variants["no mkcl"].mkcl = false;
  variants["no mkcl, all"].mkcl = false;
  variants["no mkcl, all"].negatives = Negatives::kAll;
  variants["plain clip"].mkcl = false;
  variants["plain clip"].local_alignment = false;
  variants["released"].mode = ObjectiveMode::kReleased;
  return variants;
}

// Checks both: every caption is its own text, and equal captions share a text.
void expect_plain_values(const WholeBatch& batch, const std::string& name) {
  const NamedValues expected = evaluate_plainly(batch);
  expect_near(evaluate(batch, Texts::kSeparate), expected, 1e-10, name);
  expect_near(with_shared_text_gradients(evaluate(batch, Texts::kShared), batch),
              with_shared_text_gradients(expected, batch), 1e-10, name + ", shared");
}

TEST(Objective, EqualsEveryRecordedValueAndGradient) {
  for (const GoldenLoss& golden : golden_losses()) {
    expect_near(evaluate(golden.batch, Texts::kSeparate), golden.expected, 1e-9, golden.name);
  }
}

TEST(Objective, EqualsThePlainFormWhetherOrNotTextsAreShared) {
  for (const int64_t num_captions : {11, 4, 3}) {
    for (const auto& [variant, options] : option_variants()) {
      const std::string name = variant + ", N = " + std::to_string(num_captions);
      WholeBatch batch = random_batch(9, num_captions, /*seed=*/1);
      batch.options = options;
      batch.options.num_subcaptions = num_captions - kFirstSubcaption;
      expect_plain_values(batch, name);
    }
  }
}

TEST(Objective, EqualsThePlainFormOfASampleAlone) {
  for (const auto& [variant, options] : option_variants()) {
    for (const bool all_valid : {false, true}) {
      WholeBatch batch = random_batch(1, 11, /*seed=*/5);
      batch.options = options;
      if (all_valid) batch.mask.fill_(1);
      expect_plain_values(batch, variant + (all_valid ? ", all valid" : ""));
    }
  }
}

TEST(Objective, EqualsThePlainFormWithoutAnAspect) {
  for (auto& [aspect, batch] : batches_without_an_aspect(/*seed=*/9)) {
    for (const auto& [variant, options] : option_variants()) {
      batch.options = options;
      expect_plain_values(batch, variant + ", no " + aspect);
    }
  }
}

TEST(Objective, IsIndifferentToTheOrderOfSamples) {
  const WholeBatch batch = random_batch(8, 11, /*seed=*/2);
  const at::Tensor order = at::tensor(std::vector<int64_t>{5, 2, 7, 0, 1, 6, 4, 3});
  const auto permuted = [&](const at::Tensor& rows) {
    return rows.view({8, -1, rows.size(-1)}).index_select(0, order).view(rows.sizes());
  };
  WholeBatch shuffled = batch;
  for (at::Tensor* rows : {&shuffled.image, &shuffled.text, &shuffled.patches, &shuffled.mask}) {
    *rows = permuted(*rows);
  }
  NamedValues expected = evaluate(batch, Texts::kSeparate);
  for (const auto* name : {"weights", "local", "grad_image", "grad_text", "grad_patch"}) {
    expected.at(name) = permuted(expected.at(name));
  }
  expect_near(evaluate(shuffled, Texts::kSeparate), expected, 1e-10, "shuffled");
}

TEST(Objective, IsClipWithoutMkclAndLocalAlignment) {
  WholeBatch batch = random_batch(7, 3, /*seed=*/3);
  batch.options.mkcl = batch.options.local_alignment = false;
  batch.mask.fill_(1);
  // open_clip's loss: the mean of the two cross entropies whose labels are the diagonal.
  const at::Tensor image = batch.image.clone().requires_grad_();
  const at::Tensor text = batch.text.clone().requires_grad_();
  const at::Tensor logits =
      batch.scale * image.matmul(text.view({7, 3, -1}).select(1, kRawCaption).t());
  const at::Tensor labels = at::arange(7, at::kLong);
  const at::Tensor loss =
      (at::cross_entropy_loss(logits, labels) + at::cross_entropy_loss(logits.t(), labels)) / 2;
  torch::autograd::backward({loss}, {});
  expect_near(evaluate(batch, Texts::kShared), {{"total", loss.detach()}}, 1e-12, "clip");
  expect_near(evaluate(batch, Texts::kSeparate),
              {{"grad_image", image.grad()}, {"grad_text", text.grad()}}, 1e-12, "clip");
}

TEST(Objective, IsZeroWithZeroGradientsForABatchWithoutCaptions) {
  for (const auto& [name, options] : option_variants()) {
    for (const Texts texts : {Texts::kSeparate, Texts::kShared}) {
      WholeBatch batch = random_batch(3, 11, /*seed=*/4);
      batch.options = options;
      batch.mask.zero_();
      for (const auto& [what, value] : evaluate(batch, texts)) {
        if (what == "local")
          continue;  // in `released` mode a caption selects patches, masked or not
        EXPECT_TRUE(value.eq(0).all().item<bool>()) << name << " " << what;
      }
    }
  }
}

TEST(Objective, HasNoNegativesForASampleAlone) {
  WholeBatch batch = random_batch(1, 3, /*seed=*/5);
  batch.options.mkcl = batch.options.local_alignment = false;
  batch.mask.fill_(1);
  const NamedValues values = evaluate(batch, Texts::kSeparate);
  EXPECT_NEAR(values.at("total").item<double>(), 0, 1e-14);
  EXPECT_NEAR(values.at("grad_image").norm().item<double>(), 0, 1e-14);
}

TEST(Objective, ComputesInFloat32AlsoUnderAutocast) {
  WholeBatch exact = random_batch(9, 11, /*seed=*/6);
  exact.scale = 100;
  WholeBatch single = in_type(exact, at::kFloat);
  const NamedValues expected = evaluate(exact, Texts::kSeparate);
  expect_near(evaluate(single, Texts::kSeparate), expected, 1e-5, "float32");

  const AutocastScope autocast(c10::kCPU, /*enabled=*/true);
  NamedValues inside = evaluate(single, Texts::kSeparate);
  // The test's own backward pass runs under autocast and rounds these two.
  inside["grad_text"] = expected.at("grad_text");
  inside["grad_patch"] = expected.at("grad_patch");
  expect_near(inside, expected, 1e-5, "autocast");
  single.options.local_alignment = exact.options.local_alignment = false;
  expect_near(evaluate(single, Texts::kSeparate), evaluate_plainly(exact), 1e-5, "autocast");
}

TEST(Objective, IsExactForBf16FeaturesExceptForRoundedGradients) {
  std::map<std::string, ObjectiveOptions> variants = option_variants();
  variants.erase("renormalize_local");  // changes the local vectors, not the objective
  for (const auto& [variant, options] : variants) {
    const WholeBatch batch = bf16_batch(options);
    expect_near_rounded(evaluate(in_type(batch, at::kBFloat16), Texts::kSeparate),
                        evaluate_plainly(batch), variant);
  }
}

TEST(Objective, RefusesReleasedModeOnMoreThanOneRank) {
  ObjectiveOptions options;
  for (const bool plain : {false, true}) {
    options.mkcl = options.local_alignment = !plain;
    options.mode = ObjectiveMode::kPaper;
    EXPECT_NO_THROW(create_objective(options)->check_ranks(2));
    options.mode = ObjectiveMode::kReleased;
    EXPECT_NO_THROW(create_objective(options)->check_ranks(1));
    EXPECT_THAT([&] { create_objective(options)->check_ranks(2); },
                testing::ThrowsMessage<ConfigError>(testing::AllOf(
                    testing::HasSubstr("defined on one process"), testing::HasSubstr("2 ranks"))));
  }
}

TEST(Objective, SaysWhatItTakesOfASample) {
  const auto expect = [](const ObjectiveOptions& options, bool patches, TextSelection texts) {
    const auto objective = create_objective(options);
    EXPECT_EQ(objective->needs_patches(), patches);
    EXPECT_EQ(objective->text_selection(), texts);
    EXPECT_EQ(objective->num_captions(), kFirstSubcaption + options.num_subcaptions);
  };
  ObjectiveOptions options;
  expect(options, true, {});
  options.negatives = Negatives::kAll;
  expect(options, true, {.texts_for_missing = true});
  options.mkcl = false;
  options.num_subcaptions = 3;
  expect(options, true, {.texts_for_missing = true});
  options.local_alignment = false;
  expect(options, false, {.texts_for_missing = true, .only_raw_caption = true});
  options.mkcl = true;
  options.negatives = Negatives::kValid;
  expect(options, false, {});
}

// "mkcl 0-11, slra 3-11 raw": each term, the captions that it reads, and whether it needs the raw
// one too.
std::string terms_of(const ObjectiveOptions& options) {
  std::string listed;
  for (const TermCaptions& term : create_objective(options)->captions_of_terms()) {
    listed += text(listed.empty() ? "" : ", ", term.term, " ", term.first, "-", term.end,
                   term.needs_raw ? " raw" : "");
  }
  return listed;
}

TEST(Objective, SaysWhichCaptionsItsTermsRead) {
  ObjectiveOptions options;
  EXPECT_EQ(terms_of(options), "mkcl 0-11, slra 3-11 raw");
  options.positives = LocalPositives::kKnowledge;
  EXPECT_EQ(terms_of(options), "mkcl 0-11, slra 1-11 raw");
  options.mode = ObjectiveMode::kReleased;
  EXPECT_EQ(terms_of(options), "mkcl 0-11, slra 0-11");
  options.local_alignment = false;
  EXPECT_EQ(terms_of(options), "mkcl 0-11");
  options.mkcl = false;
  options.name = ObjectiveName::kMake;
  EXPECT_EQ(terms_of(options), "mkcl 0-1");
  options.name = ObjectiveName::kClip;
  EXPECT_EQ(terms_of(options), "i2t 0-1, t2i 0-1");
}

TEST(Objective, IsTheOneThatTheNameSelects) {
  ObjectiveOptions options;
  options.name = ObjectiveName::kClip;
  EXPECT_TRUE(create_objective(options)->text_selection().only_raw_caption);
  options.mkcl = options.local_alignment = false;
  options.name = ObjectiveName::kMake;
  EXPECT_FALSE(create_objective(options)->text_selection().only_raw_caption);
}

TEST(Objective, GivesItsValuesToTheHostByName) {
  const ObjectiveResult result = {.total = at::full({}, 3.5, at::kDouble),
                                  .terms = {{"one", at::full({}, 1, at::kDouble)},
                                            {"another", at::full({}, 2.5, at::kDouble)}}};
  EXPECT_THAT(values_on_host(result),
              testing::ElementsAre(testing::Pair("total", 3.5), testing::Pair("one", 1),
                                   testing::Pair("another", 2.5)));
}

}  // namespace
}  // namespace dermatome
