#include "src/train/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <future>
#include <optional>
#include <utility>
#include <vector>

#include "sharding/dataset.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/clock.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/stop_signal.h"
#include "src/distributed/wait_together.h"
#include "src/run/checkpoint.h"
#include "src/run/resume.h"
#include "src/run/run_directory.h"
#include "src/run/run_log.h"
#include "src/text/tokenizer.h"
#include "src/train/batch_feed.h"
#include "src/train/environment.h"
#include "src/train/finite_watch.h"
#include "src/train/loader_setup.h"
#include "src/train/optimizer.h"
#include "src/train/run_checks.h"
#include "src/train/schedule.h"
#include "src/train/staging.h"
#include "src/train/train_step.h"
#include "src/train/validation.h"
#include "src/weights/hub.h"

namespace dermatome {
namespace {

class Trainer {
 public:
  Trainer(const TrainOptions& options, const TrainingEnvironment& environment,
          const std::vector<std::filesystem::path>& data);
  TrainingOutcome run();

 private:
  bool is_root() const { return collectives_.rank() == 0; }
  int64_t epochs_done() const { return step_ / steps_per_epoch_; }
  void initialise_weights();
  void resume_or_start();
  void train_on(const FedBatch& fed, double data_seconds);
  void log_step(const ObjectiveResult& result, const at::Tensor& norm, double lr);
  bool due(int64_t every_epochs, int64_t every_steps) const;
  void validate();
  bool validation_due() const;
  bool already_validated();
  // Logs the scores under way if they are there within `patience`.
  void collect_validation(std::chrono::seconds patience);
  // Logs them when they are there; all ranks wait.
  void finish_validation();
  // Logs them when they are there, after the last collective: the process lasts as long anyway, but
  // a launcher may end it.
  void collect_late_validation();
  void save();

  const TrainOptions& options_;
  const TrainingEnvironment& environment_;
  Collectives& collectives_;
  const RunDirectory directory_;

  Tokenizer tokenizer_;
  ShardedDataset dataset_;
  Clip model_;
  AdamW optimizer_;
  TrainStep train_step_;
  FiniteWatch finite_watch_;
  Validation validation_;
  std::optional<RunLog> log_;  // rank 0 only
  std::unique_ptr<BatchFeed> feed_;

  int64_t steps_per_epoch_ = 0;
  int64_t total_steps_ = 0;
  int64_t step_ = 0;  // optimizer steps done
  int64_t saved_step_ = -1;
  struct {
    std::future<ValidationResult> scores;
    int64_t step = 0;
    int64_t epoch = 0;
  } pending_;  // the validation whose scores are being computed; rank 0 only
  struct {
    Clock::time_point start = Clock::now();
    double data_seconds = 0;
    int64_t steps = 0;
  } since_log_;
};

Trainer::Trainer(const TrainOptions& options, const TrainingEnvironment& environment,
                 const std::vector<std::filesystem::path>& data)
    : options_(options),
      environment_(environment),
      collectives_(*environment.collectives),
      directory_(options),
      dataset_(data, tokenizer_.hash()),
      model_(read_clip_config(options.model.architecture), environment.device,
             {.image = options.model.checkpointed_image_blocks,
              .text = options.model.checkpointed_text_blocks}),
      optimizer_(model_.parameters(), options.optimizer),
      train_step_(model_, collectives_, options),
      finite_watch_(options.optimizer.non_finite, collectives_),
      validation_(options, model_, tokenizer_, train_step_, collectives_) {
  check_ranks(options, collectives_.size(), dataset_.size());
  check_num_captions(dataset_, options.objective);
  check_text_tower(model_.config().text, options, tokenizer_);
  const RunLength length = run_length(options, dataset_.size());
  steps_per_epoch_ = length.steps_per_epoch;
  total_steps_ = length.total_steps;
}

void Trainer::initialise_weights() {
  if (options_.model.pretrained.empty()) {
    model_.initialise(options_.seed);
  } else {
    load_pretrained(model_, options_.model);
  }
}

void Trainer::resume_or_start() {
  // Rank 0 looks, so that all ranks continue from the same checkpoint.
  at::Tensor found = at::full({1}, -1, at::kLong);
  if (is_root()) {
    make_directories(directory_.path());
    const auto state = find_own_checkpoint(options_, dataset_.digest());
    if (state) found.fill_(state->step);
  }
  at::Tensor on_device = found.to(environment_.device);
  collectives_.broadcast(on_device, 0, "step to resume from");
  const int64_t step = on_device.item<int64_t>();
  if (step < 0) {
    initialise_weights();
  } else {
    const std::filesystem::path checkpoint = checkpoint_path(directory_.checkpoints(), step);
    check_same_model(model_.config(), options_.model.architecture, checkpoint);
    load_checkpoint(checkpoint, model_,
                    [this](const auto& state) { optimizer_.load_state(state); });
    step_ = saved_step_ = step;
    if (is_root()) {
      log_info("resuming from step " + std::to_string(step_) + " of " +
               std::to_string(total_steps_));
    }
  }
  if (is_root()) {
    write_file_atomically(directory_.config(), dump_train_config(options_));
    log_.emplace(directory_.path(), step_);
  }
}

bool Trainer::due(int64_t every_epochs, int64_t every_steps) const {
  const bool by_epoch = every_epochs > 0 && step_ % (every_epochs * steps_per_epoch_) == 0;
  const bool by_step = every_steps > 0 && step_ % every_steps == 0;
  return by_epoch || by_step;
}

void Trainer::train_on(const FedBatch& fed, double data_seconds) {
  const double lr =
      cosine_learning_rate(options_.optimizer.lr, options_.schedule.warmup, total_steps_, step_);
  const StepResult result = train_step_.compute_gradients(fed.batch, fed.sizes);
  const at::Tensor norm = clip_gradient_norm(model_.parameters(), options_.optimizer.clip_norm);
  ++step_;
  optimizer_.step(lr, finite_watch_.check(step_, result, norm, fed.batch));
  model_.logit_scale().detach().clamp_(0, std::log(100.0));
  ++since_log_.steps;
  since_log_.data_seconds += data_seconds;
  if (step_ % options_.runtime.log_every == 0 || step_ == total_steps_) {
    finite_watch_.report();
    log_step(result.objective, norm, lr);
  }
}

void Trainer::log_step(const ObjectiveResult& result, const at::Tensor& norm, double lr) {
  StepReport report;
  report.step = step_;
  report.total_steps = total_steps_;
  report.epoch = (step_ - 1) / steps_per_epoch_;
  report.step_in_epoch = (step_ - 1) % steps_per_epoch_ + 1;
  report.steps_per_epoch = steps_per_epoch_;
  report.global_batch = options_.batch_size;
  report.total = result.total.item<double>();
  report.mkcl = result.mkcl.item<double>();
  report.slra = result.slra.item<double>();
  report.lr = lr;
  report.logit_scale = std::exp(model_.logit_scale().item<double>());
  report.gradient_norm = norm.item<double>();
  const auto steps = static_cast<double>(since_log_.steps);
  report.data_seconds = since_log_.data_seconds / steps;
  report.step_seconds = seconds_since(since_log_.start) / steps;
  since_log_ = {};
  if (log_) log_->step(report);
}

bool Trainer::validation_due() const {
  if (step_ == 0) return options_.validation.at_start;
  const ValidationOptions& validation = options_.validation;
  return due(validation.every_epochs, validation.every_steps) ||
         (step_ == total_steps_ && (validation.every_epochs > 0 || validation.every_steps > 0));
}

// A run that was interrupted while the scores of its last checkpoint were computed has lost them.
bool Trainer::already_validated() {
  at::Tensor answer = at::zeros({1}, at::TensorOptions(environment_.device).dtype(at::kLong));
  if (is_root()) answer.fill_(log_->has_validation(step_) ? 1 : 0);
  collectives_.broadcast(answer, 0, "whether the step is validated");
  return answer.item<int64_t>() == 1;
}

void Trainer::validate() {
  finish_validation();
  auto scores = validation_.run();
  if (scores) pending_ = {std::move(*scores), step_, epochs_done()};
  since_log_ = {};
}

void Trainer::collect_validation(std::chrono::seconds patience) {
  if (!pending_.scores.valid()) return;
  if (pending_.scores.wait_for(patience) != std::future_status::ready) return;
  const ValidationResult result = pending_.scores.get();
  log_->validation(pending_.step, pending_.epoch, result.scores, result.benchmarks);
}

void Trainer::collect_late_validation() {
  if (!pending_.scores.valid()) return;
  log_warning("the scores of step " + std::to_string(pending_.step) +
              " are still being computed; if this process is ended before, they are lost, and "
              "`dermatome evaluate` gives them where the step has a checkpoint");
  pending_.scores.wait();
  collect_validation(std::chrono::seconds(0));
}

void Trainer::finish_validation() {
  wait_together(
      collectives_, environment_.device,
      [this] {
        const auto& scores = pending_.scores;
        return !scores.valid() ||
               scores.wait_for(std::chrono::seconds(1)) == std::future_status::ready;
      },
      "scores of a validation");
  collect_validation(std::chrono::seconds(0));
}

void Trainer::save() {
  if (step_ == saved_step_) return;
  finite_watch_.report();
  saved_step_ = step_;
  if (!is_root()) return;
  std::vector<at::Tensor> weights;
  for (const auto& parameter : model_.parameters()) weights.push_back(parameter.value.detach());
  if (!at::stack(at::_foreach_norm(weights)).isfinite().all().item<bool>()) {
    throw DataError("the weights are not finite at step " + std::to_string(step_) +
                    ", so no checkpoint is written; lower optimizer.lr or set optimizer.clip_norm, "
                    "and continue from the last one");
  }
  save_checkpoint(directory_.checkpoints(), model_, optimizer_.state(),
                  {step_, config_digest(options_), dataset_.digest()}, options_.checkpoint.keep);
  log_info("checkpoint " + checkpoint_path(directory_.checkpoints(), step_).string());
  since_log_ = {};
}

TrainingOutcome Trainer::run() {
  resume_or_start();
  if (validation_due() && !already_validated()) validate();
  auto loader = std::make_unique<Loader>(
      dataset_, loader_options(options_, model_, collectives_, /*training=*/true), epochs_done(),
      step_ % steps_per_epoch_);
  feed_ = std::make_unique<BatchFeed>(
      std::move(loader), environment_.connect_cpu_group("batch feed"),
      std::max<int64_t>(total_steps_ - step_, 0), stop_signal_received, environment_.device);
  while (step_ < total_steps_) {
    const auto start = Clock::now();
    set_log_step(step_ + 1);
    const FedBatch fed = feed_->next();
    if (fed.stop) {
      save();
      // The others wait at the barrier meanwhile, half of what they would bear at most. A launcher
      // may end all ranks when the first one leaves.
      collect_validation(
          std::chrono::seconds(static_cast<int64_t>(options_.runtime.timeout_s / 2)));
      collectives_.barrier("checkpoint before the stop");
      collect_late_validation();
      return TrainingOutcome::kStopped;
    }
    train_on(fed, seconds_since(start));
    collect_validation(std::chrono::seconds(0));
    if (validation_due()) validate();
    const bool last = step_ == total_steps_;
    if (due(options_.checkpoint.every_epochs, options_.checkpoint.every_steps) || last) save();
  }
  finish_validation();
  return TrainingOutcome::kFinished;
}

}  // namespace

TrainingOutcome train(const TrainOptions& options, const TrainingEnvironment& environment) {
  const auto data = staged_training_data(options, environment);
  return data ? Trainer(options, environment, *data).run() : TrainingOutcome::kStopped;
}

}  // namespace dermatome
