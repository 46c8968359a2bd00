// An objective that src does not know trains through TrainStep, the same on any number of ranks.
// What else a new objective touches: src/objective/EXTENDING.md.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <gtest/gtest.h>

#include <memory>
#include <utility>

#include "src/config/train_options.h"
#include "src/core/caption_rows.h"
#include "src/distributed/single_process.h"
#include "src/objective/objective.h"
#include "src/objective/text_rows.h"
#include "src/train/optimizer.h"
#include "src/train/train_step.h"
#include "tests/support/golden.h"
#include "tests/support/mpi_world.h"
#include "tests/train/step_batch.h"

namespace dermatome {
namespace {

// An objective without negatives. It draws every image, and the mean of its patches, to its raw
// caption. No rank needs the texts of other ranks, so texts are not gathered.
class DrawTogether : public Objective {
 public:
  bool needs_patches() const override { return true; }
  TextSelection text_selection() const override { return {.only_raw_caption = true}; }
  int64_t num_captions() const override { return 11; }
  at::Tensor pooling_texts(const at::Tensor& caption, const at::Tensor& /*mask*/) const override {
    return caption.select(1, kRawCaption);
  }
  at::Tensor pool(const at::Tensor& patches, const at::Tensor& /*text*/,
                  const at::Tensor& /*rows*/) const override {
    return patches.mean(1);
  }
  std::unique_ptr<RowGather> start_text_gather(const at::Tensor& /*text*/,
                                               const GlobalSizes& /*sizes*/,
                                               Collectives& /*collectives*/) const override {
    return nullptr;
  }

  ObjectiveResult evaluate(const ObjectiveInput& input, std::unique_ptr<RowGather> /*text_gather*/,
                           const GlobalSizes& sizes, Collectives& collectives) const override {
    const at::NoGradGuard no_grad;
    check(input, sizes, collectives);
    const at::Tensor caption = input.caption.narrow(1, kRawCaption, 1);
    const at::Tensor raw = gather_captions(input.text, caption).squeeze(1);  // [B, d]
    double num_images = 0;
    for (const int64_t images : sizes.images) num_images += static_cast<double>(images);
    at::Tensor sums = at::stack({(input.image * raw).sum(), (input.local * raw).sum()});
    sums = sums / -num_images;
    collectives.all_reduce_sum(sums, "sums of cosines")->wait();
    ObjectiveResult result;
    result.total = sums.sum();
    result.terms = {{"of_images", sums[0]}, {"of_patches", sums[1]}};
    result.grad_image = raw / -num_images;
    result.grad_local = raw / -num_images;
    result.grad_text = sum_by_text((input.image + input.local).unsqueeze(1) / -num_images, caption,
                                   input.text.size(0));
    result.grad_scale = at::zeros({}, input.logit_scale.options());
    return result;
  }

  ObjectiveCost cost(const ObjectiveLoad& /*load*/) const override { return {}; }
};

std::vector<at::Tensor> gradients_of(const Clip& model) {
  std::vector<at::Tensor> gradients;
  for (const NamedParameter& parameter : model.parameters()) {
    gradients.push_back(parameter.value.grad().clone());
  }
  return gradients;
}

TEST(AddedObjective, TrainsTheSameOnAnyNumberOfRanks) {
  const StepBatch global = make_step_batch(test_world().size, /*last_without_text=*/false);
  const Share whole = share_of(global, {global.pixels.size(0)}, 0), own = own_share(global);
  Clip model = make_model();
  const auto alone = make_single_process_collectives(), group = make_test_group();
  TrainOptions options;
  TrainStep alone_step(model, *alone, options, std::make_unique<DrawTogether>());
  const double expected =
      alone_step.compute_gradients(whole.batch, whole.sizes).objective.total.item<double>();
  const std::vector<at::Tensor> reference = gradients_of(model);
  for (const int64_t accum : {3, 1}) {
    options.accum = accum;
    TrainStep step(model, *group, options, std::make_unique<DrawTogether>());
    const ObjectiveResult result = step.compute_gradients(own.batch, own.sizes).objective;
    EXPECT_NEAR(result.total.item<double>(), expected, 1e-6);
    const std::vector<at::Tensor> gradients = gradients_of(model);
    for (size_t i = 0; i < gradients.size(); ++i) {
      EXPECT_LE((gradients[i] - reference[i]).norm().item<double>(),
                1e-5 * reference[i].norm().item<double>() + 1e-7)
          << model.parameters()[i].name;
    }
  }

  TrainStep step(model, *group, options, std::make_unique<DrawTogether>());
  AdamW optimizer(model.parameters(), options.optimizer);
  for (int i = 0; i < 3; ++i) {
    step.compute_gradients(own.batch, own.sizes);
    optimizer.step(1e-3);
  }
  const auto values = values_on_host(step.evaluate(own.batch, own.sizes).objective);
  EXPECT_LT(values[0].second, expected - 0.01);
  EXPECT_EQ(values[1].first, "of_images");
}

}  // namespace
}  // namespace dermatome
