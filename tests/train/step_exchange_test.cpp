// What the ranks exchange in a step, and that `dermatome plan` knows it.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "src/config/train_options.h"
#include "src/plan/step_cost.h"
#include "src/train/train_step.h"
#include "src/train/training_model.h"
#include "tests/support/mpi_world.h"
#include "tests/support/operator_watch.h"
#include "tests/train/step_batch.h"

namespace dermatome {
namespace {

// Forwards all calls and records their sizes.
class RecordingCollectives : public Collectives {
 public:
  explicit RecordingCollectives(Collectives& inner) : inner_(inner) {}
  int rank() const override { return inner_.rank(); }
  int size() const override { return inner_.size(); }
  std::unique_ptr<PendingCollective> all_gather(at::Tensor output, const at::Tensor& input,
                                                const std::string& what) override {
    gathered.emplace_back(what, input.nbytes());
    return inner_.all_gather(output, input, what);
  }
  std::unique_ptr<PendingCollective> all_reduce_sum(at::Tensor values,
                                                    const std::string& what) override {
    ++num_reduced;
    reduced_bytes += values.nbytes();
    return inner_.all_reduce_sum(values, what);
  }
  void broadcast(at::Tensor /*values*/, int /*root*/, const std::string& what) override {
    ADD_FAILURE() << what;
  }
  void barrier(const std::string& what) override { ADD_FAILURE() << what; }

  std::vector<std::pair<std::string, size_t>> gathered;  // name, and bytes of this rank's input
  size_t num_reduced = 0, reduced_bytes = 0;

 private:
  Collectives& inner_;
};

// `dermatome plan` assumes the same number of texts on every rank. Here ranks are padded to the
// largest number.
void expect_planned(const RecordingCollectives& recording, const TrainOptions& options,
                    const Share& own) {
  StepLoad load;
  load.ranks = recording.size();
  load.images = kSamplesPerRank;
  load.texts.texts =
      static_cast<double>(*std::max_element(own.sizes.texts.begin(), own.sizes.texts.end()));
  std::map<std::string, double> gathered;
  double reduced = 0;
  size_t num_reduced = 0;
  for (const PlannedCollective& planned : step_collectives(tiny_config(), options, load)) {
    if (planned.operation == "all-gather") {
      gathered[planned.what] = planned.bytes;
    } else {
      reduced += planned.bytes;
      num_reduced += static_cast<size_t>(planned.count);
    }
  }
  if (recording.size() == 1) {
    EXPECT_TRUE(gathered.empty());
    return;
  }
  for (const auto& [what, bytes] : recording.gathered) {
    EXPECT_EQ(gathered[what], static_cast<double>(bytes)) << what;
  }
  EXPECT_EQ(gathered.size(), recording.gathered.size());
  EXPECT_EQ(num_reduced, recording.num_reduced);
  EXPECT_EQ(reduced, static_cast<double>(recording.reduced_bytes));
}

// A step gathers embeddings twice (texts early, images later) and scalars per row once, and reduces
// every gradient once, for any number of micro-batches.
TEST(StepExchange, ExchangesEmbeddingsScalarsAndGradientsOnce) {
  const StepBatch global = make_step_batch(test_world().size, /*last_without_text=*/false);
  const auto group = make_test_group();
  const Share own = own_share(global);
  const auto images = static_cast<size_t>(kSamplesPerRank);
  const auto texts =
      static_cast<size_t>(*std::max_element(own.sizes.texts.begin(), own.sizes.texts.end()));
  constexpr size_t kWidth = 16;
  for (const int64_t accum : {1, 3}) {
    RecordingCollectives recording(*group);
    TrainOptions options;
    options.accum = accum;
    Clip model = make_model();
    TrainStep step(model, recording, options);
    std::optional<size_t> gathers_before_images;
    watch_operators([&] { step.compute_gradients(own.batch, own.sizes); },
                    [&](const at::RecordFunction& function, bool /*in_kernel*/) {
                      const bool of_images = std::string_view(function.name()) == "aten::conv2d";
                      if (of_images && !gathers_before_images) {
                        gathers_before_images = recording.gathered.size();
                      }
                    });

    ASSERT_EQ(recording.gathered.size(), 3);
    EXPECT_EQ(gathers_before_images, 1);
    EXPECT_EQ(recording.gathered[0].first, "text embeddings");
    EXPECT_EQ(recording.gathered[0].second, texts * kWidth * sizeof(float));
    // An image has its vector, its local vector and its weights in two softmaxes; a text has three
    // counts. A rank's values are packed, then padded to the largest rank.
    EXPECT_EQ(recording.gathered[1].first, "image embeddings");
    EXPECT_EQ(recording.gathered[1].second,
              (images * (2 * kWidth + 2) + texts * 3) * sizeof(float));
    EXPECT_EQ(recording.gathered[2].second, (images * 2 + texts + 3) * sizeof(float));
    expect_planned(recording, options, own);
    size_t num_parameters = 0;
    for (const auto& parameter : model.parameters()) {
      num_parameters += static_cast<size_t>(parameter.value.numel());
    }
    // At this size each tower has one bucket, and the logit scale another. Buckets align gradients.
    EXPECT_EQ(recording.num_reduced, test_world().size == 1 ? 1 : 3);
    if (test_world().size > 1) {
      EXPECT_GE(recording.reduced_bytes, num_parameters * sizeof(float));
      EXPECT_LE(recording.reduced_bytes,
                num_parameters * sizeof(float) + 64 * model.parameters().size());
    }
  }
}

TEST(StepExchange, ReducesNoGradientOfALockedParameter) {
  const auto group = make_test_group();
  const Share own = own_share(make_step_batch(test_world().size, /*last_without_text=*/false));
  TrainOptions options;
  options.model.lock_image = {LockedPart::kAll};
  options.model.lock_text = {LockedPart::kFirst, 1};
  RecordingCollectives recording(*group);
  Clip model = training_model(tiny_config(), options.model, c10::kCPU);
  model.initialize(11);
  TrainStep step(model, recording, options);
  step.compute_gradients(own.batch, own.sizes);
  expect_planned(recording, options, own);
  if (test_world().size == 1) return;
  EXPECT_EQ(recording.num_reduced, 2u);  // one bucket of the text tower, and the logit scale
  const auto trained = static_cast<size_t>(model.num_trained_parameters()) * sizeof(float);
  EXPECT_GE(recording.reduced_bytes, trained);
  EXPECT_LE(recording.reduced_bytes, trained + 64 * model.trained_parameters().size());
}

}  // namespace
}  // namespace dermatome
