// The section `model`: architecture, initial weights, precision.
// Field names are YAML keys; src/config/train_config.h reads them, and `dermatome config` prints
// the comment above each field.
#pragma once

#include <cstdint>
#include <string>

#include "src/config/tower_lock.h"

namespace dermatome {

enum class Precision { kFp32, kAmpBf16 };
enum class QuickGelu { kAuto, kTrue, kFalse };

struct ModelOptions {
  // A name in configs/models, such as ViT-B-16, or the file of an open_clip model configuration
  // (JSON).
  std::string architecture;
  // The initial weights: a file, a folder in open_clip's hub layout or of a CLIPModel of
  // transformers, the newest checkpoint of a run (its folder, or its name if it has the same
  // output), RUN:STEP, or hf-hub:ORGANIZATION/NAME in Hugging Face's cache; empty: random weights.
  std::string pretrained;
  // The initial weights of a text tower that is a BERT, without its projection: a file or a folder
  // of transformers, or hf-hub:ORGANIZATION/NAME. They replace those of model.pretrained; empty: no
  // others.
  std::string pretrained_text;
  // The activation of both towers. true: QuickGELU, as OpenAI trained; false: GELU; auto: what the
  // file of model.architecture says. If no file says how the initial weights were trained, it must
  // be true or false.
  QuickGelu quick_gelu = QuickGelu::kAuto;
  // The precision of the towers. amp_bf16: bfloat16 where it is safe, weights in float32.
  Precision precision = Precision::kFp32;
  // How many blocks of the image tower, counted from the first, are computed again in the backward
  // pass instead of keeping their activations; -1: all. The result is the same in less memory.
  int64_t checkpointed_image_blocks = 0;
  // The same for the text tower.
  int64_t checkpointed_text_blocks = 0;
  // The share of an image's patches that training leaves out at random.
  double patch_dropout = 0;
  // What of the image tower stays as it is. none: nothing, all of it is trained; all: all of it; a
  // number: all but the last blocks of this number, the final norm and the projection, so that the
  // patch convolution, class token, positions, first norm and first blocks stay. What is locked has
  // no gradient and no optimizer's state. The logit scale is always trained.
  TowerLock lock_image = {};
  // The same for the text tower. A number locks its token embedding, positions and first blocks.
  TowerLock lock_text = {};

  bool operator==(const ModelOptions&) const = default;
};

}  // namespace dermatome
