// `dermatome watch`: scores a run's checkpoints as they appear.
#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "sharding/directory_lock.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/stop_signal.h"
#include "src/eval/benchmark.h"
#include "src/eval/result_json.h"
#include "src/run/checkpoint.h"
#include "src/run/evaluation_log.h"
#include "src/run/run_directory.h"
#include "src/text/tokenizer.h"
#include "src/weights/weights.h"
#include "src/weights/weights_hash.h"

namespace dermatome {
namespace {

struct Arguments {
  std::string run;
  std::vector<std::string> benchmarks;
  std::string select;
  double interval_s = 30;
  bool once = false;
  int64_t until_step = -1;
  ModelUse use;
};

// BENCHMARK:METRIC, one that may choose a checkpoint.
Criterion parse_criterion(const std::string& text, const std::vector<Benchmark>& benchmarks,
                          const std::vector<Definition>& definitions) {
  const auto fail = [&](const std::string& problem) {
    throw ConfigError("--select " + text + ": " + problem);
  };
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) fail("expected BENCHMARK:METRIC");
  const std::string name = text.substr(0, colon), metric = text.substr(colon + 1);
  const auto found = std::ranges::find(definitions, name, &Definition::benchmark);
  if (found == definitions.end()) fail("no --benchmark is named " + name);
  const BenchmarkOptions& options = benchmarks[found - definitions.begin()].options();
  if (options.role != BenchmarkRole::kValidation) {
    fail(name +
         " has role: test, and a test set must not choose a checkpoint; "
         "select by a benchmark with role: validation");
  }
  const std::vector<std::string> scores = score_names(options);
  if (std::ranges::find(scores, metric) == scores.end()) {
    std::string known;
    for (const auto& score : scores) known += (known.empty() ? "" : ", ") + score;
    fail(name + " has the scores " + known);
  }
  return {*found, metric};
}

class Watch {
 public:
  Watch(Runtime& runtime, const Arguments& arguments)
      : runtime_(runtime),
        arguments_(arguments),
        checkpoints_(RunDirectory(arguments.run).checkpoints()) {
    benchmarks_ = open_benchmarks(arguments.benchmarks);
    for (const Benchmark& benchmark : benchmarks_) {
      definitions_.push_back({benchmark.name(), benchmark.hash(arguments.use.precision)});
    }
    if (!arguments.select.empty()) {
      criterion_ = parse_criterion(arguments.select, benchmarks_, definitions_);
    }
    if (is_root() && arguments.once && !std::filesystem::is_directory(arguments.run)) {
      throw DataError(arguments.run + ": no such directory; name a run's, as runs/NAME");
    }
  }

  int run() {
    for (;;) {
      const Task task = next_task();
      if (task.step >= 0) {
        evaluate(task);
      } else if (task.end) {
        return failed_ ? kExitData : kExitOk;
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

  bool is_root() const { return runtime_.world().rank == 0; }

  // Opened when the run's directory is there.
  bool open_log() {
    if (log_) return true;
    if (!std::filesystem::is_directory(arguments_.run)) return false;
    lock_.emplace(arguments_.run);
    log_.emplace(arguments_.run);
    return true;
  }

  // The oldest checkpoint that verifies and that a benchmark has not scored.
  Task find_task() {
    Task task;
    task.end = stop_signal_received();
    if (task.end || !open_log()) return task;
    const std::vector<ScoredCheckpoint> checkpoints = list_checkpoints();
    choose_best(checkpoints);
    bool all_scored = false;  // from --until-step on
    for (const ScoredCheckpoint& checkpoint : checkpoints) {
      std::vector<bool> wanted;
      for (const auto& definition : definitions_) {
        wanted.push_back(!log_->has(checkpoint, definition));
      }
      const bool scored = std::ranges::find(wanted, true) == wanted.end();
      if (!scored && verifies(checkpoint.step)) {
        found_ = checkpoint;
        return {checkpoint.step, false, wanted};
      }
      all_scored |=
          scored && arguments_.until_step >= 0 && checkpoint.step >= arguments_.until_step;
    }
    task.end = arguments_.once || all_scored;
    return task;
  }

  // Those that are there, the oldest first.
  std::vector<ScoredCheckpoint> list_checkpoints() {
    std::vector<ScoredCheckpoint> found;
    for (const int64_t step : checkpoint_steps(checkpoints_)) {
      try {
        found.push_back({step, state_hash(checkpoint_path(checkpoints_, step))});
      } catch (const DataError& error) {
        refuse(step, error);
      }
    }
    std::ranges::reverse(found);
    return found;
  }

  // Reads all of it, but not again what is as it was when it was refused.
  bool verifies(int64_t step) {
    try {
      const auto refused = refused_.find(step);
      if (refused != refused_.end() && refused->second == stamp(step)) return false;
      verify_checkpoint(checkpoint_path(checkpoints_, step));
      return true;
    } catch (const DataError& error) {
      refuse(step, error);
      return false;
    }
  }

  void refuse(int64_t step, const DataError& error) {
    const std::string now = stamp(step);
    if (now.empty()) return;  // the training has just removed it
    if (std::exchange(refused_[step], now) != now) {
      log_warning(std::string("skipped: ") + error.what());
    }
  }

  // Changes with each of a checkpoint's files; empty if it is not there.
  std::string stamp(int64_t step) const {
    std::string stamp;
    std::error_code error;
    const auto path = checkpoint_path(checkpoints_, step);
    for (const auto& file : std::filesystem::directory_iterator(path, error)) {
      const auto time = file.last_write_time(error).time_since_epoch().count();
      stamp += file.path().filename().string() + " " + std::to_string(file.file_size(error)) + " " +
               std::to_string(time) + "\n";
    }
    return stamp;
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
    message = message.to(runtime_.device());
    runtime_.collectives().broadcast(message, 0, "checkpoint to score");
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
      model.reset(new Clip(load_clip(path, runtime_.device())));
    } catch (const DataError& error) {
      problem = error.what();
    }
    at::Tensor failed = at::full({1}, problem.empty() ? 0 : 1, at::kLong).to(runtime_.device());
    runtime_.collectives().all_reduce_sum(failed, "checkpoint read")->wait();
    if (failed.item<int64_t>() == 0) return model;
    if (!problem.empty() && std::filesystem::exists(path)) throw DataError(problem);
    log_info(path + " was removed before it was scored");
    return nullptr;
  }

  void evaluate(const Task& task) {
    const std::string path = checkpoint_path(checkpoints_, task.step);
    const auto model = load(path);
    if (!model) return;
    const Tokenizer tokenizer;
    const ScoredModel scored = {path, architecture_name(model->config()),
                                is_root() ? weights_hash(*model) : ""};
    for (size_t i = 0; i < benchmarks_.size(); ++i) {
      if (!task.wanted[i]) continue;
      const Scoring scoring =
          benchmarks_[i].run(*model, tokenizer, runtime_.collectives(), arguments_.use.batch_size,
                             arguments_.use.precision);
      nlohmann::ordered_json line;
      try {
        const auto result = score_together(scoring, {}, runtime_.collectives(), runtime_.device());
        if (result) line = result_json(*result, scored);
      } catch (const DataError& error) {
        // Later checkpoints may be better.
        log_error("step " + std::to_string(task.step) + ": " + error.what() +
                  "; mend it and start watch again");
        failed_ = true;
        line = {
            {"checkpoint", path}, {"scores", nlohmann::json::object()}, {"failure", error.what()}};
      }
      if (is_root()) keep(definitions_[i], line);
    }
  }

  void keep(const Definition& definition, const nlohmann::ordered_json& result) {
    log_->add(found_, definition, result);
    log_info("step " + std::to_string(found_.step) + ", " + definition.benchmark + ": " +
             result.at("scores").dump());
  }

  // Of the checkpoints that are there.
  void choose_best(const std::vector<ScoredCheckpoint>& checkpoints) {
    if (!criterion_) return;
    const auto best = log_->best_step(*criterion_, checkpoints);
    if (!best || best == best_) return;
    mark_best(checkpoints_, *best);
    best_ = best;
    log_info("best by " + arguments_.select + ": step " + std::to_string(*best));
  }

  void wait() const {
    using Clock = std::chrono::steady_clock;
    const auto end = Clock::now() + std::chrono::duration<double>(arguments_.interval_s);
    while (Clock::now() < end && !stop_signal_received()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  Runtime& runtime_;
  const Arguments& arguments_;
  std::filesystem::path checkpoints_;
  std::vector<Benchmark> benchmarks_;
  std::vector<Definition> definitions_;  // [benchmarks]
  std::optional<Criterion> criterion_;
  std::optional<DirectoryLock> lock_;       // rank 0 only
  std::optional<EvaluationLog> log_;        // rank 0 only
  ScoredCheckpoint found_;                  // by the last look; rank 0 only
  std::optional<int64_t> best_;             // the step that RUN/best names; rank 0 only
  std::map<int64_t, std::string> refused_;  // stamps of damaged checkpoints by step; rank 0 only
  bool failed_ = false;                     // a checkpoint could not be scored; rank 0 only
};

}  // namespace

void add_watch(CLI::App& app) {
  auto* command = app.add_subcommand(
      "watch", "Score a run's checkpoints as they appear, each once, into RUN/evaluations.jsonl");
  const auto arguments = std::make_shared<Arguments>();
  command->add_option("run", arguments->run, "The run's directory")->required();
  command->add_option("--benchmark,--benchmarks", arguments->benchmarks, "Benchmark files (YAML)")
      ->required();
  command->add_option("--select", arguments->select,
                      "BENCHMARK:METRIC, of role validation: RUN/best names the checkpoint that is "
                      "best by it, which training keeps");
  command->add_option("--interval", arguments->interval_s, "Seconds between looks")
      ->check(CLI::Range(0.1, arguments->use.runtime.timeout_s / 2))
      ->capture_default_str();
  CLI::Option* once =
      command->add_flag("--once", arguments->once, "End when all that is there is scored");
  command
      ->add_option("--until-step", arguments->until_step,
                   "End when a checkpoint of this step or a later one is scored")
      ->check(CLI::NonNegativeNumber)
      ->excludes(once);
  add_model_options(*command, arguments->use);
  command->callback([arguments] {
    watch_stop_signals();
    run_on_ranks(arguments->use.runtime,
                 [arguments](Runtime& runtime) { return Watch(runtime, *arguments).run(); });
  });
}

}  // namespace dermatome
