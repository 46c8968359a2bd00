#include "src/train/training_model.h"

#include "src/config/model_options.h"

namespace dermatome {

Clip training_model(const ClipConfig& config, const ModelOptions& options, c10::Device device) {
  Clip model(
      config, device,
      {.image = options.checkpointed_image_blocks, .text = options.checkpointed_text_blocks});
  model.lock({.image = num_locked_layers(options.lock_image, config.vision.layers),
              .text = num_locked_layers(options.lock_text, config.text.layers)});
  return model;
}

}  // namespace dermatome
