#include "src/train/starting_point.h"

#include <ATen/ATen.h>

#include "src/config/train_options.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "src/run/checkpoint.h"
#include "src/run/find_weights.h"
#include "src/run/resume.h"
#include "src/run/run_directory.h"
#include "src/train/environment.h"
#include "src/train/run_checks.h"
#include "src/weights/hub.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

std::filesystem::path checkpoint_of(const TrainOptions& options, int64_t step) {
  return checkpoint_path(RunDirectory(options).checkpoints(), step);
}

}  // namespace

std::optional<int64_t> find_start(const TrainOptions& options, const ClipConfig& config,
                                  const std::string& dataset_digest,
                                  const TrainingEnvironment& environment) {
  at::Tensor found = at::full({1}, -1, at::kLong);
  if (environment.collectives->rank() == 0) {
    make_directories(RunDirectory(options).path());
    const auto state = find_own_checkpoint(options, dataset_digest);
    if (state) found.fill_(state->step);
  }
  const at::Tensor on_device = found.to(environment.device);
  environment.collectives->broadcast(on_device, 0, "step to resume from");
  const int64_t step = on_device.item<int64_t>();
  if (step < 0) {
    check_pretrained(config, options);
    return std::nullopt;
  }
  check_same_model(config, options, checkpoint_of(options, step) / kConfigFile);
  return step;
}

StartingModel::StartingModel(std::optional<int64_t> step, const TrainOptions& options,
                             const ClipConfig& config, c10::Device device)
    : model(config, device,
            {.image = options.model.checkpointed_image_blocks,
             .text = options.model.checkpointed_text_blocks}),
      optimizer(model.parameters(), options.optimizer) {
  if (step) {
    load_checkpoint(checkpoint_of(options, *step), model,
                    [&](const auto& state) { optimizer.load_state(state); });
  } else if (options.model.pretrained.empty()) {
    model.initialize(options.seed);
  } else {
    load_pretrained(model, options);
  }
}

void load_pretrained(Clip& model, const TrainOptions& options) {
  check_pretrained(model.config(), options);
  load_weights(model, find_weights(options.model.pretrained),
               text("the model of model.architecture ", options.model.architecture));
}

}  // namespace dermatome
