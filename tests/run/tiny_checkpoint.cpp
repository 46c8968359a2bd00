#include "tests/run/tiny_checkpoint.h"

#include <ATen/ATen.h>

#include "src/model/clip.h"
#include "src/train/optimizer.h"

namespace dermatome {

std::filesystem::path save_tiny_checkpoint(const std::filesystem::path& checkpoints,
                                           const TrainingState& state) {
  ClipConfig config;
  config.embed_dim = 8;
  config.vision = {.image_size = 8, .patch_size = 8, .width = 8, .layers = 1, .head_width = 8};
  config.text = {.context_length = 8, .vocab_size = 8, .width = 8, .heads = 1, .layers = 1};
  Clip model(config, c10::kCPU);
  model.initialize(1);
  const AdamW optimizer(model.parameters(), {});
  save_checkpoint(checkpoints, model, optimizer.state(), state, /*keep=*/0);
  return checkpoint_path(checkpoints, state.step);
}

}  // namespace dermatome
