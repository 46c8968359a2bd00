#include "src/train/compare_ranks.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "src/config/optimizer_options.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/run/checkpoint.h"
#include "src/run/run_directory.h"
#include "src/train/environment.h"
#include "src/train/optimizer.h"
#include "tests/data/test_shards.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/thread_ranks.h"
#include "tests/support/toy_tokenizer.h"

namespace dermatome {
namespace {

using testing::AllOf;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

ClipConfig tiny_config() {
  ClipConfig tiny;
  tiny.embed_dim = 8;
  tiny.vision = {.image_size = 64, .patch_size = 16, .width = 8, .layers = 1, .head_width = 8};
  tiny.text = {.context_length = 77, .vocab_size = 10, .width = 8, .heads = 1, .layers = 1};
  return tiny;
}

// The error that each rank throws, in rank order; empty for a rank that throws nothing.
std::vector<std::string> refusals(
    int num_ranks, const std::function<void(int rank, const TrainingEnvironment&)>& compare) {
  std::vector<std::string> refusals(num_ranks);
  run_ranks(num_ranks, [&](Collectives& group) {
    TrainingEnvironment environment;
    environment.collectives = &group;
    environment.binary = "1, revision a";
    try {
      compare(group.rank(), environment);
    } catch (const ConfigError& error) {
      refusals[group.rank()] = error.what();
    }
  });
  return refusals;
}

// The errors if `change` changes the last rank's options.
std::vector<std::string> refusals_of_settings(int num_ranks,
                                              const std::function<void(TrainOptions&)>& change) {
  return refusals(num_ranks, [&](int rank, const TrainingEnvironment& environment) {
    TrainOptions options;
    if (rank == num_ranks - 1) change(options);
    compare_settings(options, environment);
  });
}

TEST(CompareSettings, NamesTheKeysAndValues) {
  using Change = std::function<void(TrainOptions&)>;
  const std::vector<std::pair<Change, std::string>> changes = {
      {[](TrainOptions& o) { o.seed = 5; }, "seed (5, not 0)"},
      {[](TrainOptions& o) { o.batch_size = 32; }, "batch_size (32, not 64)"},
      {[](TrainOptions& o) { o.accum = 2; }, "accum (2, not 1)"},
      {[](TrainOptions& o) { o.optimizer.lr = 1; }, "optimizer.lr (1, not 5.0e-04)"},
      {[](TrainOptions& o) { o.runtime.bucket_mb = 1; }, "runtime.bucket_mb (1, not 25)"},
      {[](TrainOptions& o) { o.validation.every_steps = 3; }, "validation.every_steps (3, not 0)"},
      {[](TrainOptions& o) { o.data.stage = "/disk"; }, "data.stage (set, not empty)"},
  };
  for (const int ranks : {2, 3}) {
    for (const auto& [change, words] : changes) {
      EXPECT_THAT(refusals_of_settings(ranks, change),
                  Each("rank " + std::to_string(ranks - 1) + " differs from rank 0 in: " + words +
                       "; start all ranks with the same binary and the same settings"));
    }
  }
}

TEST(CompareSettings, LetsMachinesDiffer) {
  const auto another_machine = [](TrainOptions& o) {
    o.output = "/elsewhere";
    o.from = "/copy";
    o.data.train = {"/copy"};
    o.data.validation = "/copy";
    o.data.workers = o.data.prefetch = 9;
    o.model.architecture = "/copy.json";
    o.model.pretrained = "/copy";
    o.validation.benchmarks = {"/copy.yaml"};
    o.runtime.threads = 9;
    o.runtime.device = DeviceChoice::kCpu;
  };
  EXPECT_THAT(refusals_of_settings(3, another_machine), Each(""));
  // The copies of shards may lie in different places.
  EXPECT_THAT(refusals(2,
                       [](int rank, const TrainingEnvironment& environment) {
                         TrainOptions options;
                         options.data.stage = "/disk" + std::to_string(rank);
                         compare_settings(options, environment);
                       }),
              Each(""));
}

TEST(CompareSettings, ExemptsOnlySettingsThatExist) {
  int64_t exempt = 0;
  for (const Setting& setting : list_settings(TrainOptions())) {
    exempt += may_differ_between_ranks(setting.key) ? 1 : 0;
  }
  EXPECT_EQ(exempt, 12);
}

TEST(CompareSettings, ComparesBinaries) {
  for (const int ranks : {2, 3}) {
    EXPECT_THAT(refusals(ranks,
                         [](int rank, TrainingEnvironment environment) {
                           if (rank == 1) environment.binary = "1, revision b";
                           compare_settings(TrainOptions(), environment);
                         }),
                Each(StartsWith("rank 1 differs from rank 0 in: the binary (1, revision b, not 1, "
                                "revision a); ")));
  }
}

struct CompareStartTest : testing::Test {
  // What one rank starts from. Tests change it.
  struct Start {
    const ShardedDataset* data = nullptr;
    std::vector<RankFact> validation = {{"the data of data.validation", "none"}};
    ClipConfig config = tiny_config();
    uint64_t seed = 1;                 // of the weights, unless there is a checkpoint
    std::filesystem::path checkpoint;  // loaded, if there is one
  };
  std::vector<std::string> refusals_of(int num_ranks,
                                       const std::function<void(int, Start&)>& change) {
    return refusals(num_ranks, [&](int rank, const TrainingEnvironment& environment) {
      Start start;
      start.data = &shards.dataset();
      change(rank, start);
      Clip model(start.config, c10::kCPU);
      AdamW optimizer(model.parameters(), OptimizerOptions());
      if (start.checkpoint.empty()) {
        model.initialize(start.seed);
      } else {
        load_checkpoint(start.checkpoint, model,
                        [&](const auto& state) { optimizer.load_state(state); });
      }
      compare_start(*start.data, start.validation, model, optimizer, start.checkpoint, environment);
    });
  }

  const TestShards shards{4, 2};
  const TestShards other_shards{6, 2};
};

TEST_F(CompareStartTest, AcceptsEqualStarts) {
  for (const int ranks : {1, 2, 3}) {
    EXPECT_THAT(refusals_of(ranks, [](int, Start&) {}), Each(""));
  }
}

TEST_F(CompareStartTest, ComparesWeights) {
  for (const int ranks : {2, 3}) {
    EXPECT_THAT(refusals_of(ranks, [](int rank, Start& start) { start.seed = rank == 1 ? 2 : 1; }),
                Each(AllOf(StartsWith("rank 1 differs from rank 0 in: the initial weights (of "
                                      "model.pretrained, if it is set); let all ranks see"))));
  }
}

TEST_F(CompareStartTest, ComparesModelsWithEqualWeights) {
  EXPECT_THAT(refusals_of(2, [](int rank, Start& start) { start.config.quick_gelu = rank == 1; }),
              Each(AllOf(HasSubstr("the model of model.architecture"), Not(HasSubstr("weights")))));
}

TEST_F(CompareStartTest, ComparesTokenizers) {
  const ToyTokenizer toy;
  const ShardedDataset other(shards.directory(), TokenFormat{toy, 77});
  EXPECT_THAT(refusals_of(2,
                          [&](int rank, Start& start) {
                            if (rank == 1) start.data = &other;
                          }),
              Each(StartsWith("rank 1 differs from rank 0 in: the tokenizer of "
                              "model.architecture; ")));
}

TEST_F(CompareStartTest, ComparesData) {
  for (const int ranks : {2, 3}) {
    EXPECT_THAT(refusals_of(ranks,
                            [&](int rank, Start& start) {
                              if (rank == 1) start.data = &other_shards.dataset();
                              if (rank == 1) start.validation[0].value = "abc";
                            }),
                Each(StartsWith("rank 1 differs from rank 0 in: the data of data.train, the data "
                                "of data.validation; ")));
  }
}

// Saves a checkpoint whose optimizer's moments are all `moment`, and returns its path.
std::filesystem::path save(const std::filesystem::path& checkpoints, uint64_t seed, double moment) {
  Clip model(tiny_config(), c10::kCPU);
  model.initialize(seed);
  const AdamW optimizer(model.parameters(), OptimizerOptions());
  for (const auto& [name, values] : optimizer.state()) values.fill_(moment);
  save_checkpoint(checkpoints, model, optimizer.state(), {4, "config", "data"}, /*keep=*/0);
  return checkpoint_path(checkpoints, 4);
}

TEST_F(CompareStartTest, ComparesCheckpoints) {
  const std::filesystem::path folder = scratch_folder();
  const auto own = save(folder / "own", /*seed=*/1, /*moment=*/1);
  const auto other_weights = save(folder / "weights", /*seed=*/2, /*moment=*/1);
  const auto other_moments = save(folder / "moments", /*seed=*/1, /*moment=*/2);
  // A folder whose state.json is as it was, but the moments are of another checkpoint.
  const std::filesystem::path overwritten = folder / "overwritten";
  std::filesystem::copy(own, overwritten);
  std::filesystem::copy(other_moments / "optimizer.safetensors",
                        overwritten / "optimizer.safetensors",
                        std::filesystem::copy_options::overwrite_existing);
  const std::string checkpoint = "the checkpoint that the run starts from";
  const std::string moments = "the optimizer's state at the start";
  const std::vector<std::pair<std::filesystem::path, std::string>> of_rank_1 = {
      {other_weights, "the weights of " + checkpoint + ", " + checkpoint + "; "},
      {other_moments, checkpoint + ", " + moments + "; "},
      {overwritten, moments + "; "}};
  for (const int ranks : {2, 3}) {
    EXPECT_THAT(refusals_of(ranks, [&](int, Start& start) { start.checkpoint = own; }), Each(""));
    for (const auto& [path, words] : of_rank_1) {
      EXPECT_THAT(
          refusals_of(ranks,
                      [&](int rank, Start& start) { start.checkpoint = rank == 1 ? path : own; }),
          Each(StartsWith("rank 1 differs from rank 0 in: " + words)));
    }
  }
}

}  // namespace
}  // namespace dermatome
