#include "src/watch/watch.h"

#include <ATen/ATen.h>

#include <chrono>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "src/core/clock.h"
#include "src/core/error.h"
#include "src/core/json_text.h"
#include "src/core/log.h"
#include "src/core/owner_file.h"
#include "src/core/progress.h"
#include "src/core/stop_signal.h"
#include "src/core/text.h"
#include "src/distributed/collectives.h"
#include "src/distributed/own_together.h"
#include "src/eval/benchmark.h"
#include "src/eval/benchmark_result.h"
#include "src/eval/compare_scorers.h"
#include "src/eval/result_json.h"
#include "src/model/clip.h"
#include "src/run/run_directory.h"
#include "src/watch/checkpoint_queue.h"
#include "src/watch/criterion.h"
#include "src/weights/text_model_files.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

class Watch {
 public:
  Watch(const WatchOptions& options, Collectives& collectives, c10::Device device)
      : options_(options),
        collectives_(collectives),
        device_(device),
        benchmarks_(open_benchmarks(options.benchmarks)) {
    std::vector<const BenchmarkOptions*> described;
    for (const Benchmark& benchmark : benchmarks_) {
      described.push_back(&benchmark.options());
      definitions_.push_back({benchmark.name(), benchmark.hash(options.precision)});
    }
    if (!options.select.empty()) {
      criterion_ = parse_criterion(options.select, described, definitions_);
    }
    if (is_root() && options.once && !std::filesystem::is_directory(options.run)) {
      throw DataError(options.run +
                      ": no such directory; name the directory of a run, such as runs/NAME");
    }
  }

  // Throws ConfigError, on every rank, unless all ranks were started alike. `version` is the
  // binary's. A collective call.
  void compare_ranks(const std::string& version) {
    compare_scorers({version, options_.batch_size, options_.precision}, benchmarks_,
                    /*further=*/{}, collectives_, device_);
  }

  bool run() {
    for (;;) {
      if (!is_owned_) own();
      const Task task = next_task();
      if (task.step >= 0) {
        score(task);
      } else if (task.end) {
        return !failed_;
      } else {
        wait();
      }
    }
  }

 private:
  struct Task {
    int64_t step = -1;         // to score; -1: none is due
    bool end = false;          // nothing more is to come
    std::vector<bool> wanted;  // [benchmarks]
  };

  bool is_root() const { return collectives_.rank() == 0; }

  // Owns the run and opens the queue, once the run's directory exists. A collective call.
  void own() {
    at::Tensor exists = at::zeros({1}, at::TensorOptions(device_).dtype(at::kLong));
    if (is_root()) exists.fill_(std::filesystem::is_directory(options_.run) ? 1 : 0);
    collectives_.broadcast(exists, 0, "whether the run exists");
    is_owned_ = exists.item<int64_t>() == 1;
    if (!is_owned_) return;
    owner_ = own_together(
        [file = RunDirectory(options_.run).watcher()] {
          return std::make_unique<OwnerFile>(file, OwnerWords{"watched", "wait until it ends"});
        },
        collectives_, device_, "the run's watcher");
    if (is_root()) queue_.emplace(options_.run, definitions_, criterion_);
  }

  Task find_task() {
    if (stop_signal_received()) return {.step = -1, .end = true, .wanted = {}};
    if (!queue_) return {};
    owner_->check();
    if (const auto due = queue_->next()) {
      found_ = due->checkpoint;
      return {due->checkpoint.step, false, due->wanted};
    }
    const bool reached = options_.until_step >= 0 && queue_->has_scored(options_.until_step);
    return {.step = -1, .end = options_.once || reached, .wanted = {}};
  }

  // Rank 0 looks, so that all ranks do the same.
  Task next_task() {
    at::Tensor message = at::zeros({2 + std::ssize(benchmarks_)}, at::kLong);
    if (is_root()) {
      const Task task = find_task();
      message[0] = task.step;
      message[1] = static_cast<int64_t>(task.end);
      for (size_t i = 0; i < task.wanted.size(); ++i) {
        message[2 + static_cast<int64_t>(i)] = static_cast<int64_t>(task.wanted[i]);
      }
    }
    message = message.to(device_);
    collectives_.broadcast(message, 0, "checkpoint to score");
    message = message.cpu();
    Task task{message[0].item<int64_t>(), message[1].item<int64_t>() == 1, {}};
    for (int64_t i = 2; i < message.numel(); ++i) {
      task.wanted.push_back(message[i].item<int64_t>() == 1);
    }
    return task;
  }

  // Null on all ranks where the training removed the checkpoint meanwhile.
  std::unique_ptr<const Clip> load(const std::string& path) {
    std::unique_ptr<const Clip> model;
    std::string problem;
    try {
      model.reset(new Clip(load_clip(path, device_)));
    } catch (const DataError& error) {
      problem = error.what();
    }
    at::Tensor failed = at::full({1}, problem.empty() ? 0 : 1, at::kLong).to(device_);
    collectives_.all_reduce_sum(failed, "checkpoint read")->wait();
    if (failed.item<int64_t>() == 0) return model;
    if (!problem.empty() && std::filesystem::exists(path)) throw DataError(problem);
    log_info(path + " was removed before it was scored");
    return nullptr;
  }

  void score(const Task& task) {
    const std::string path =
        checkpoint_path(RunDirectory(options_.run).checkpoints(), task.step).string();
    const auto model = load(path);
    if (!model) return;
    compare_loaded(*model, std::filesystem::path(path).filename(), collectives_, device_);
    const std::unique_ptr<const Tokenizer> tokenizer = model_tokenizer(model->config());
    const ScoredModel scored = {path, architecture_name(model->config()),
                                is_root() ? weights_hash(*model) : ""};
    for (size_t i = 0; i < benchmarks_.size(); ++i) {
      if (!task.wanted[i]) continue;
      const auto start = Clock::now();
      const Scoring scoring = benchmarks_[i].run(*model, *tokenizer, collectives_,
                                                 options_.batch_size, options_.precision);
      nlohmann::ordered_json line;
      try {
        const auto result = score_together(scoring, {}, collectives_, device_);
        if (result) line = result_json(*result, scored);
      } catch (const DataError& error) {
        // A later checkpoint may have scores.
        log_error(text("step ", task.step, ": ", error.what(), "; mend it and start watch again"));
        failed_ = true;
        line = {
            {"checkpoint", path}, {"scores", nlohmann::json::object()}, {"failure", error.what()}};
      }
      if (!is_root()) continue;
      queue_->keep(found_, i, line);
      log_info(text("step ", task.step, ", ", benchmarks_[i].name(), ": ",
                    four_digits(line.at("scores")),
                    " Took: ", duration_text(seconds_since(start))));
    }
  }

  void wait() const {
    const auto end = Clock::now() + std::chrono::duration<double>(options_.interval_s);
    while (Clock::now() < end && !stop_signal_received()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  const WatchOptions& options_;
  Collectives& collectives_;
  const c10::Device device_;
  std::vector<Benchmark> benchmarks_;
  std::vector<Definition> definitions_;  // [benchmarks]
  std::optional<Criterion> criterion_;
  bool is_owned_ = false;
  std::unique_ptr<OwnerFile> owner_;      // rank 0 only
  std::optional<CheckpointQueue> queue_;  // rank 0 only
  ScoredCheckpoint found_;                // by the last find_task(); rank 0 only
  bool failed_ = false;                   // a checkpoint could not be scored; rank 0 only
};

}  // namespace

bool watch(const WatchOptions& options, const std::string& version, Collectives& collectives,
           c10::Device device) {
  Watch watcher(options, collectives, device);
  watcher.compare_ranks(version);
  return watcher.run();
}

}  // namespace dermatome
