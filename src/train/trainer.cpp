#include "src/train/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "sharding/dataset.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/clock.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/stop_signal.h"
#include "src/core/text.h"
#include "src/run/checkpoint.h"
#include "src/run/configured_model.h"
#include "src/run/resume.h"
#include "src/run/run_directory.h"
#include "src/run/run_log.h"
#include "src/train/batch_feed.h"
#include "src/train/compare_ranks.h"
#include "src/train/environment.h"
#include "src/train/finite_watch.h"
#include "src/train/loader_setup.h"
#include "src/train/optimizer.h"
#include "src/train/run_checks.h"
#include "src/train/run_length.h"
#include "src/train/run_owner.h"
#include "src/train/run_summary.h"
#include "src/train/schedule.h"
#include "src/train/staging.h"
#include "src/train/start_record.h"
#include "src/train/starting_point.h"
#include "src/train/step_log.h"
#include "src/train/token_preparation.h"
#include "src/train/train_step.h"
#include "src/train/validation.h"
#include "src/train/validation_runs.h"
#include "src/weights/text_model_files.h"

namespace dermatome {
namespace {

// What a run reads in addition to weights, opened and checked before anything large is built.
struct RunInputs {
  // Throws ConfigError or DataError if the options do not fit the data or the ranks.
  RunInputs(const TrainOptions& options, const ClipConfig& model, const TokenFormat& tokens,
            const std::vector<std::filesystem::path>& data, int64_t num_ranks)
      : config(model),
        tokenizer(tokens.tokenizer),
        dataset(data, tokens),
        validation(open_validation(options, config.preprocess, tokens)),
        length(run_length(options, dataset.size())) {
    check_data(options, dataset, length, num_ranks);
  }

  const ClipConfig& config;
  const Tokenizer& tokenizer;
  ShardedDataset dataset;
  ValidationData validation;
  RunLength length;
};

class Trainer {
 public:
  // Opens the run's log. `start`: what find_start() returned; `starting`: what the ranks start
  // with, which was compared. `owner`: what own_run() returned. Arguments must outlive the object.
  Trainer(const TrainOptions& options, const TrainingEnvironment& environment,
          const RunInputs& inputs, const StartingPoint& start, StartingModel& starting,
          OwnerFile* owner);
  TrainingOutcome run();

 private:
  bool is_root() const { return collectives_.rank() == 0; }
  std::unique_ptr<BatchFeed> start_feed() const;
  void train_on(const FedBatch& fed, double data_seconds);
  void validate();
  void save();
  TrainingOutcome stop();

  const TrainOptions& options_;
  const TrainingEnvironment& environment_;
  const RunInputs& inputs_;
  const StartingPoint& start_;
  OwnerFile* const owner_;  // rank 0 only
  const RunLength& length_;
  Collectives& collectives_;
  const RunDirectory directory_;

  Clip& model_;
  AdamW& optimizer_;
  TrainStep train_step_;
  FiniteWatch finite_watch_;
  Validation validation_;
  std::unique_ptr<RunLog> log_;  // rank 0 only
  StepLog step_log_;
  ValidationRuns validations_;
  std::unique_ptr<BatchFeed> feed_;

  int64_t step_;  // optimizer steps done
  int64_t saved_step_;
};

Trainer::Trainer(const TrainOptions& options, const TrainingEnvironment& environment,
                 const RunInputs& inputs, const StartingPoint& start, StartingModel& starting,
                 OwnerFile* owner)
    : options_(options),
      environment_(environment),
      inputs_(inputs),
      start_(start),
      owner_(owner),
      length_(inputs.length),
      collectives_(*environment.collectives),
      directory_(options),
      model_(starting.model),
      optimizer_(starting.optimizer),
      train_step_(model_, collectives_, options),
      finite_watch_(options.optimizer.non_finite, collectives_),
      validation_(options, inputs.validation, model_, inputs.tokenizer, train_step_, collectives_),
      log_(is_root()
               ? std::make_unique<RunLog>(directory_.path(), start.continues ? start.step : -1)
               : nullptr),
      step_log_(length_, options.batch_size, model_, log_.get()),
      validations_(options.validation, length_, validation_, log_.get(), collectives_,
                   environment.device),
      step_(start.step),
      saved_step_(start.continues ? start.step : -1) {}

std::unique_ptr<BatchFeed> Trainer::start_feed() const {
  auto loader = std::make_unique<Loader>(
      inputs_.dataset, loader_options(options_, model_, collectives_, /*training=*/true),
      step_ / length_.steps_per_epoch, step_ % length_.steps_per_epoch);
  return std::make_unique<BatchFeed>(
      std::move(loader), environment_.connect_cpu_group("batch feed"),
      std::max<int64_t>(length_.total_steps - step_, 0), stop_signal_received, environment_.device);
}

void Trainer::train_on(const FedBatch& fed, double data_seconds) {
  const double lr = cosine_learning_rate(options_.optimizer.lr, options_.schedule.warmup,
                                         length_.total_steps, step_);
  const StepResult result = train_step_.compute_gradients(fed.batch, fed.sizes);
  const at::Tensor norm =
      clip_gradient_norm(model_.trained_parameters(), options_.optimizer.clip_norm);
  ++step_;
  optimizer_.step(lr, finite_watch_.check(step_, result, norm, fed.batch));
  model_.logit_scale().detach().clamp_(0, std::log(100.0));
  step_log_.add(data_seconds);
  if (step_ % options_.runtime.log_every == 0 || step_ == length_.total_steps) {
    finite_watch_.report();
    step_log_.report(step_, result.objective, norm, lr);
  }
}

void Trainer::validate() {
  validations_.run(step_);
  step_log_.restart();
}

void Trainer::save() {
  if (step_ == saved_step_) return;
  finite_watch_.report();
  saved_step_ = step_;
  if (!is_root()) return;
  owner_->check(/*looks=*/true);
  check_finite_weights(model_, step_);
  save_checkpoint(directory_.checkpoints(), model_, optimizer_.state(),
                  {step_, config_digest(options_), inputs_.dataset.digest_with_tokens(),
                   dump_train_config(options_)},
                  options_.checkpoint.keep, &inputs_.tokenizer);
  log_info(text("checkpoint ", checkpoint_path(directory_.checkpoints(), step_)));
  step_log_.restart();
}

TrainingOutcome Trainer::stop() {
  save();
  // The other ranks already wait at the barrier, so rank 0 waits for the scores for at most half
  // the timeout. A launcher may end all ranks when the first one leaves.
  validations_.collect(std::chrono::seconds(static_cast<int64_t>(options_.runtime.timeout_s / 2)));
  collectives_.barrier("checkpoint before the stop");
  validations_.finish_late();
  return TrainingOutcome::kStopped;
}

TrainingOutcome Trainer::run() {
  if (is_root() && !start_.is_finished(length_)) {
    if (start_.continues) keep_settings(directory_, start_.checkpoint);
    write_file_atomically(directory_.config(), dump_train_config(options_));
    log_->changes(step_, step_ / length_.steps_per_epoch, start_.changes);
  }
  const RunSummary summary(options_, {length_, model_.num_parameters(),
                                      model_.num_parameters() - model_.num_trained_parameters(),
                                      inputs_.dataset.size(), collectives_.size(), step_});
  if (validations_.due_at_start(step_)) validate();
  feed_ = start_feed();
  step_log_.begin(step_);
  while (step_ < length_.total_steps) {
    const auto start = Clock::now();
    set_log_step(step_ + 1);
    const FedBatch fed = feed_->next();
    if (owner_ != nullptr) owner_->check();
    if (fed.stop) return stop();
    train_on(fed, seconds_since(start));
    validations_.collect();
    if (validations_.due(step_)) validate();
    const bool last = step_ == length_.total_steps;
    const CheckpointOptions& checkpoint = options_.checkpoint;
    if (length_.is_due(step_, checkpoint.every_epochs, checkpoint.every_steps) || last) save();
  }
  validations_.finish();
  if (is_root()) summary.finish(followed_scores(inputs_.validation.benchmarks));
  return TrainingOutcome::kFinished;
}

}  // namespace

TrainingOutcome train(const TrainOptions& options, const TrainingEnvironment& environment) {
  compare_settings(options, environment);
  const ClipConfig config = configured_model(options.model);
  const std::unique_ptr<const Tokenizer> tokenizer = model_tokenizer(config);
  check_settings(options, config, *tokenizer, environment.collectives->size());
  const auto data = staged_training_data(options, environment);
  if (!data) return TrainingOutcome::kStopped;
  const TokenFormat tokens{*tokenizer, config.text.context_length};
  if (!prepare_tokens(options, *data, tokens, environment)) return TrainingOutcome::kStopped;
  const RunInputs inputs(options, config, tokens, *data, environment.collectives->size());
  const bool is_root = environment.collectives->rank() == 0;
  if (is_root) warn_of_absent_captions(inputs.dataset, options);
  TrainOptions resolved = resolved_options(options, inputs.length);
  const auto owner = own_run(resolved, environment);
  const auto start =
      find_start(resolved, config, inputs.dataset.digest_with_tokens(), inputs.length, environment);
  if (start.warmup >= 0) resolved.schedule.warmup = start.warmup;
  check_steps_done(start.step, inputs.length);
  StartingModel starting(start, resolved, config, environment.device);
  if (is_root) log_starting_point(start, starting, inputs.length, RunDirectory(resolved).path());
  compare_start(inputs.dataset, validation_facts(inputs.validation), starting.model,
                starting.optimizer, start.checkpoint, environment);
  // The run's files are written only from here on: ranks that differ leave them as they were.
  if (is_root) log_to_file(RunDirectory(resolved).log());
  record_start(resolved, start, inputs.length, inputs.dataset, starting.model, environment);
  return Trainer(resolved, environment, inputs, start, starting, owner.get()).run();
}

}  // namespace dermatome
