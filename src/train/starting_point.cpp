#include "src/train/starting_point.h"

#include <ATen/ATen.h>

#include <utility>

#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/run/checkpoint.h"
#include "src/run/find_weights.h"
#include "src/run/origin.h"
#include "src/run/resume.h"
#include "src/run/run_directory.h"
#include "src/train/environment.h"
#include "src/train/run_checks.h"
#include "src/train/training_model.h"
#include "src/weights/hub.h"
#include "src/weights/text_weights.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

// Features of another activation are wrong without any other sign, so it must not be guessed.
void check_activation(const Weights& weights, const ModelOptions& options) {
  if (weights.tell_activation() || options.quick_gelu != QuickGelu::kAuto) return;
  throw ConfigError(text(weights.file,
                         " does not say whether its model was trained with GELU or with QuickGELU, "
                         "and with the other one its features are wrong; set model.quick_gelu: "
                         "true for QuickGELU (OpenAI's models, and those that started from them, "
                         "such as MAKE), or model.quick_gelu: false for GELU (most others)"));
}

void load_weights_of(const std::filesystem::path& path, Clip& model, const TrainOptions& options) {
  const Weights weights = read_weights(path);
  load_weights(model, weights,
               text("the model of model.architecture ", options.model.architecture));
  check_activation(weights, options.model);
}

void load_pretrained_text(Clip& model, const TrainOptions& options) {
  if (options.model.pretrained_text.empty()) return;
  load_text_weights(model, find_weights(options.model.pretrained_text, options.output));
}

}  // namespace

StartingPoint find_start(const TrainOptions& options, const ClipConfig& config,
                         const std::string& dataset_digest, const RunLength& length,
                         const TrainingEnvironment& environment) {
  constexpr int64_t kNone = -1;
  StartingPoint start;
  // Of the own checkpoint, of another run's, and of the warm-up.
  at::Tensor steps = at::full({3}, kNone, at::kLong);
  if (environment.collectives->rank() == 0) {
    if (auto own = find_own_checkpoint(options, dataset_digest, length.total_steps)) {
      steps[0] = own->state.step;
      steps[2] = own->warmup;
      start.changes = std::move(own->changes);
    } else if (!options.from.empty()) {
      steps[1] = find_origin(options);
    }
  }
  steps = steps.to(environment.device);
  environment.collectives->broadcast(steps, 0, "step to resume from");
  const auto own = steps[0].item<int64_t>(), origin = steps[1].item<int64_t>();
  if (own != kNone) {
    start.step = own;
    start.continues = true;
    start.warmup = steps[2].item<int64_t>();
    start.checkpoint = checkpoint_path(RunDirectory(options).checkpoints(), own);
    check_same_model(config, options, start.checkpoint / kConfigFile);
  } else if (origin != kNone) {
    start.checkpoint = origin_path(options, origin);
    check_origin(config, options, start.checkpoint);
  } else if (!options.model.pretrained.empty()) {
    start.pretrained = find_weights(options.model.pretrained, options.output);
    check_pretrained(config, options, start.pretrained);
  }
  return start;
}

StartingModel::StartingModel(const StartingPoint& start, const TrainOptions& options,
                             const ClipConfig& config, c10::Device device)
    : model(training_model(config, options.model, device)),
      optimizer(optimized_parameters(model, options.optimizer), options.optimizer) {
  if (start.continues || (!start.checkpoint.empty() && options.from_optimizer)) {
    // Another run may have locked what this one trains.
    const MissingState missing = start.continues ? MissingState::kRefused : MissingState::kZero;
    load_checkpoint(start.checkpoint, model, [&](const auto& state) {
      num_without_state = optimizer.load_state(state, missing);
    });
  } else if (!start.checkpoint.empty()) {
    load_weights_of(start.checkpoint, model, options);
  } else if (start.pretrained.empty()) {
    model.initialize(options.seed);
  } else {
    load_weights_of(start.pretrained, model, options);
  }
  if (start.checkpoint.empty()) load_pretrained_text(model, options);
}

void check_origin(const ClipConfig& config, const TrainOptions& options,
                  const std::filesystem::path& checkpoint) {
  if (options.from_optimizer) {
    check_same_model(config, options, checkpoint / kConfigFile);
  } else {
    check_pretrained(config, options, checkpoint);
  }
}

void load_pretrained(Clip& model, const TrainOptions& options) {
  if (!options.model.pretrained.empty()) {
    const std::filesystem::path found = find_weights(options.model.pretrained, options.output);
    check_pretrained(model.config(), options, found);
    load_weights_of(found, model, options);
  }
  load_pretrained_text(model, options);
}

void log_starting_point(const StartingPoint& start, const StartingModel& starting,
                        const RunLength& length, const std::filesystem::path& run) {
  if (start.continues) {
    log_info(text("resuming from step ", start.step, " of ", length.total_steps));
    if (start.is_finished(length)) {
      const std::string asked =
          start.changes.empty() ? "" : text(" (asked for: ", differences_text(start.changes), ")");
      log_info(text("the run is finished, and none of its settings was changed", asked,
                    "; to train it further, raise schedule.max_steps or schedule.epochs; to start "
                    "a new run from it, set name=NEW from=",
                    run));
    }
  } else if (!start.checkpoint.empty()) {
    log_info(text("a new run, from ", start.checkpoint));
    if (starting.num_without_state > 0) {
      log_info(text(start.checkpoint, " holds the optimizer's state of ",
                    starting.optimizer.num_parameters() - starting.num_without_state, " of the ",
                    starting.optimizer.num_parameters(),
                    " tensors that are trained; the others were locked, and their state starts at "
                    "0"));
    }
  }
  if (const std::string note = starting.model.text_tower().training_note(); !note.empty())
    log_info(note);
}

}  // namespace dermatome
