// ClipObjective equals MakeObjective with MKCL and local alignment off.
#include "src/objective/clip_objective.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "src/distributed/single_process.h"
#include "src/objective/make_objective.h"
#include "tests/objective/golden_loss.h"

namespace dermatome {
namespace {

// Expects equal values from both classes, and from the plain objective.
void expect_equal(WholeBatch batch, const std::string& name) {
  batch.options.mkcl = batch.options.local_alignment = false;
  const auto alone = make_single_process_collectives();
  const std::vector<int64_t> samples = {batch.image.size(0)};
  for (const Texts texts : {Texts::kSeparate, Texts::kShared}) {
    const NamedValues clip =
        evaluate_on_ranks(batch, texts, *alone, samples, ClipObjective(batch.options));
    NamedValues with_flags =
        evaluate_on_ranks(batch, texts, *alone, samples, MakeObjective(batch.options));
    EXPECT_TRUE(at::equal(with_flags.at("slra"), at::zeros_like(with_flags.at("slra"))));
    for (const auto* other : {"mkcl", "slra", "weights"}) {
      EXPECT_FALSE(clip.contains(other)) << other;
      with_flags.erase(other);
    }
    expect_near(clip, with_flags, 1e-12, name);
  }
  // Some recorded batches have gradients with a norm below 1e-4, because every image is already
  // nearest to its caption. The error of 1e-13 in logits of magnitude 100 is then 1e-9 of the norm.
  expect_near(evaluate(batch, Texts::kSeparate), evaluate_plainly(batch), 1e-8, name);
}

TEST(ClipObjective, EqualsMakeWithoutItsPartsOnEveryRecordedBatch) {
  for (const GoldenLoss& golden : golden_losses()) expect_equal(golden.batch, golden.name);
}

TEST(ClipObjective, EqualsMakeWithoutItsPartsOnRandomBatches) {
  for (const int64_t num_samples : {1, 9}) {
    for (const Negatives negatives : {Negatives::kValid, Negatives::kAll}) {
      WholeBatch batch = random_batch(num_samples, 11, /*seed=*/31);
      batch.options.negatives = negatives;
      batch.options.lambda_m = 0.3;
      expect_equal(batch, std::to_string(num_samples));
    }
  }
  for (const auto& [aspect, batch] : batches_without_an_aspect(/*seed=*/32)) {
    expect_equal(batch, "no " + aspect);
  }
}

}  // namespace
}  // namespace dermatome
