// Whole trainings on ranks that are threads of this process, so that the thread sanitizer sees
// loader, batch feed, steps, validation and checkpoints of all ranks at once.
#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/file.h"
#include "src/core/json_lines.h"
#include "src/core/log.h"
#include "src/distributed/rendezvous.h"
#include "src/image/codec.h"
#include "src/run/run_directory.h"
#include "src/train/environment.h"
#include "src/train/trainer.h"
#include "src/weights/safetensors.h"
#include "tests/data/test_shards.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/toy_tokenizer.h"

namespace dermatome {
namespace {

constexpr int64_t kTrainingSamples = 30;
constexpr int64_t kTrainingSteps = 8;

class ThreadTraining : public testing::Test {
 protected:
  ThreadTraining() : folder_(scratch_folder()), shards_(kTrainingSamples, 10) {
    std::ofstream table(folder_ / "table.csv");
    table << "filename,label\n";
    for (int64_t i = 0; i < 6; ++i) {
      const std::string name = std::to_string(i) + ".jpg";
      const auto bytes = encode_jpeg(test_image(i), 90);
      std::ofstream(folder_ / name, std::ios::binary)
          .write(reinterpret_cast<const char*>(bytes.data()), std::ssize(bytes));
      table << name << "," << (i % 2 == 0 ? "even" : "odd") << "\n";
    }
    std::ofstream(folder_ / "parity.yaml")
        << "name: parity\ndata: {csv: table.csv, images: .}\n"
           "classes: [{label: even, names: [even]}, {label: odd, names: [odd]}]\n"
           "templates: ['number {}']\nmetrics: [top1]\n";
  }

  TrainOptions options(const std::string& name) const {
    TrainOptions options;
    options.name = name;
    options.output = folder_.string();
    options.batch_size = 6;
    options.model.architecture = DERMATOME_SOURCE_DIR "/tests/train/tiny_model.json";
    options.data.train = {shards_.directory().string()};
    options.data.validation = shards_.directory().string();
    options.objective.num_subcaptions = 2;
    options.schedule.max_steps = kTrainingSteps;
    options.schedule.warmup = 2;
    options.checkpoint.every_steps = 3;
    options.validation.every_epochs = 0;
    options.validation.every_steps = 3;
    options.validation.benchmarks = {(folder_ / "parity.yaml").string()};
    options.runtime.log_every = 1;
    return options;
  }

  // Trains on `num_ranks` ranks. Returns what is logged as `kind` (train or validation), by step.
  std::map<int64_t, nlohmann::json> train_on(int num_ranks, const TrainOptions& options,
                                             const std::string& kind) const {
    World world;
    world.size = world.local_size = num_ranks;
    if (num_ranks > 1) world.store_file = create_store_file();
    std::vector<std::jthread> ranks;
    for (int rank = 0; rank < num_ranks; ++rank) {
      world.rank = world.local_rank = rank;
      ranks.emplace_back([world, &options] {
        at::set_num_threads(1);
        Rendezvous rendezvous(world, std::chrono::seconds(100));
        const auto collectives = rendezvous.connect("training");
        TrainingEnvironment environment;
        environment.collectives = collectives.get();
        environment.connect_cpu_group = [&](const std::string& name) {
          return rendezvous.connect(name);
        };
        environment.local_rank = world.local_rank;
        EXPECT_EQ(train(options, environment), TrainingOutcome::kFinished);
      });
    }
    ranks.clear();
    std::map<int64_t, nlohmann::json> logged;
    std::ifstream results(RunDirectory(options).results());
    for (std::string line; std::getline(results, line);) {
      const auto object = nlohmann::json::parse(line);
      if (object.contains(kind)) logged[object.at("step")] = object.at(kind);
    }
    return logged;
  }

  std::filesystem::path folder_;
  TestShards shards_;
};

// The first start makes the ids of CLIP's tokenizer, while the ranks keep in touch.
TEST_F(ThreadTraining, ShardsOfAnotherTokenizerTrainTheSame) {
  const ToyTokenizer toy;
  const TestShards other(kTrainingSamples, 10, /*quality=*/0, &toy);
  TrainOptions run = options("other");
  run.data.train = {other.directory().string()};
  run.data.validation = other.directory().string();
  const auto expected = train_on(2, options("own"), "train");
  const auto losses = train_on(2, run, "train");
  ASSERT_EQ(losses.size(), kTrainingSteps);
  for (const auto& [step, values] : losses) {
    EXPECT_EQ(values.at("loss"), expected.at(step).at("loss")) << "step " << step;
  }
  EXPECT_TRUE(std::filesystem::exists(other.directory() / "tokens"));
  EXPECT_FALSE(std::filesystem::exists(shards_.directory() / "tokens"));
}

TEST_F(ThreadTraining, TwoRanksTrainAsOne) {
  const auto alone = train_on(1, options("one"), "train");
  const auto together = train_on(2, options("two"), "train");
  ASSERT_EQ(alone.size(), kTrainingSteps);
  ASSERT_EQ(together.size(), kTrainingSteps);
  for (const auto& [step, values] : alone) {
    const auto expected = values.at("loss").get<double>();
    EXPECT_NEAR(together.at(step).at("loss"), expected, 1e-4 * expected) << "step " << step;
  }
}

TEST_F(ThreadTraining, ScoresDuringTheNextStepsAndRecordsTheWarmUpThatTheDataDecide) {
  TrainOptions options = this->options("scored");
  options.schedule = {.epochs = 2};  // 10 steps
  const auto scores = train_on(2, options, "validation");
  EXPECT_EQ(load_train_config(RunDirectory(options).config(), {}).schedule.warmup, 1);
  ASSERT_EQ(scores.size(), 5u);
  for (const int64_t step : {0, 3, 6, 9, 10}) {
    EXPECT_TRUE(scores.at(step).at("loss").contains("total")) << "step " << step;
    EXPECT_TRUE(scores.at(step).at("parity").contains("top1")) << "step " << step;
  }
}

// The objects of a run's starts.jsonl or results.jsonl.
std::vector<nlohmann::json> objects_in(const std::filesystem::path& file) {
  std::vector<nlohmann::json> objects;
  read_json_lines(file, [&](const auto& object, const std::string&) { objects.push_back(object); });
  return objects;
}

TEST_F(ThreadTraining, AFinishedRunIsExtended) {
  TrainOptions run = options("extended");
  train_on(1, run, "train");
  run.schedule.max_steps = kTrainingSteps + 3;
  run.optimizer.lr = 1e-5;
  const auto steps = train_on(2, run, "train");
  ASSERT_EQ(steps.size(), kTrainingSteps + 3);
  EXPECT_LT(steps.rbegin()->second.at("lr"), 1e-5);
  const RunDirectory directory(run);
  const auto results = objects_in(directory.results());
  const auto change = std::ranges::find_if(
      results, [](const nlohmann::json& line) { return line.contains("changes"); });
  ASSERT_NE(change, results.end());
  EXPECT_EQ(change->at("step"), kTrainingSteps);
  EXPECT_EQ(change->at("changes").at("optimizer.lr").at("after"), "1.0e-05");
  EXPECT_EQ(change->at("changes").at("schedule.max_steps").at("before"), "8");
  EXPECT_EQ(load_train_config(directory.config(), {}).schedule.max_steps, kTrainingSteps + 3);
  const auto starts = objects_in(directory.starts());
  ASSERT_EQ(starts.size(), 2u);
  EXPECT_EQ(starts[0].at("step"), 0);
  EXPECT_EQ(starts[1].at("step"), kTrainingSteps);
  EXPECT_EQ(starts[1].at("ranks").size(), 2u);
  EXPECT_EQ(starts[1].at("ranks").at(1).at("device"), "cpu");
  EXPECT_TRUE(std::filesystem::exists(directory.log()));
  EXPECT_FALSE(std::filesystem::exists(directory.owner()));
  // Without a step to train, other settings are not recorded.
  const std::string settings = read_file(directory.config());
  run.optimizer.lr = 3e-5;
  EXPECT_EQ(train_on(1, run, "train").size(), steps.size());
  EXPECT_EQ(read_file(directory.config()), settings);
  EXPECT_EQ(objects_in(directory.results()), results);
}

TEST_F(ThreadTraining, ANewRunStartsFromAnother) {
  const auto scores = train_on(1, options("first"), "validation");
  for (const bool with_optimizer : {true, false}) {
    TrainOptions run = options(with_optimizer ? "with_optimizer" : "without_optimizer");
    run.from = with_optimizer ? "first:6" : RunDirectory(options("first")).path().string();
    run.from_optimizer = with_optimizer;
    run.schedule = {.max_steps = 2, .warmup = 1};
    const auto own = train_on(2, run, "validation");
    const int64_t origin = with_optimizer ? 6 : kTrainingSteps;
    const auto expected = scores.at(origin).at("loss").at("total").get<double>();
    EXPECT_NEAR(own.at(0).at("loss").at("total"), expected, 1e-5 * expected);
    const auto state = read_safetensors(checkpoint_path(RunDirectory(run).checkpoints(), 2) /
                                        "optimizer.safetensors");
    EXPECT_EQ(state.at("step").item<float>(), with_optimizer ? 8 : 2);
  }
}

// The number of steps, the weights and the optimizer's state of a run's checkpoint.
struct Saved {
  std::map<std::string, at::Tensor> weights, optimizer;
};

Saved saved(const TrainOptions& run, int64_t step) {
  const auto checkpoint = checkpoint_path(RunDirectory(run).checkpoints(), step);
  return {read_safetensors(checkpoint / "open_clip_model.safetensors"),
          read_safetensors(checkpoint / "optimizer.safetensors")};
}

TEST_F(ThreadTraining, ALockedTowerStaysAndIsTrainedByARunWithoutTheLock) {
  TrainOptions run = options("locked");
  run.validation = ValidationOptions();
  run.validation.every_epochs = 0;
  run.validation.at_start = false;
  run.data.validation.clear();
  run.model.lock_image = {LockedPart::kAll};
  run.schedule.max_steps = 3;
  train_on(1, run, "train");
  run.schedule.max_steps = 5;
  train_on(2, run, "train");
  const Saved before = saved(run, 3), after = saved(run, 5);
  for (const auto& [name, value] : after.weights) {
    EXPECT_EQ(at::equal(value, before.weights.at(name)), name.starts_with("visual.")) << name;
    EXPECT_EQ(after.optimizer.contains("exp_avg." + name), !name.starts_with("visual.")) << name;
  }
  EXPECT_EQ(after.optimizer.at("step").item<float>(), 5);

  TrainOptions next = run;
  next.name = "unlocked";
  next.from = "locked";
  next.model.lock_image = {LockedPart::kFirst, 1};
  next.optimizer.layer_decay = 0.5;
  next.schedule.max_steps = 2;
  initialize_logging(0, 1);
  testing::internal::CaptureStderr();
  train_on(2, next, "train");
  const std::string log = testing::internal::GetCapturedStderr();
  const Saved unlocked = saved(next, 2);
  EXPECT_EQ(unlocked.optimizer.at("step").item<float>(), 7);
  EXPECT_EQ(unlocked.optimizer.at("step.visual.proj").item<float>(), 2);
  EXPECT_FALSE(at::equal(unlocked.weights.at("visual.proj"), after.weights.at("visual.proj")));
  EXPECT_TRUE(at::equal(unlocked.weights.at("visual.conv1.weight"),
                        after.weights.at("visual.conv1.weight")));
  EXPECT_NE(log.find(" tensors that are trained; the others were locked"), std::string::npos);
  EXPECT_NE(log.find(" parameters (the others are not trained), "), std::string::npos);
}

}  // namespace
}  // namespace dermatome
