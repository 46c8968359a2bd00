// CLIP's two towers with the peers' parameter names and numerics: a vision transformer whose patch
// tokens are projected too (for local alignment), and a text tower (text_tower.h).
//
// Pure functions of parameters and inputs: no ranks, no randomness after initialize(). Encoding is
// thread-safe while no parameter changes.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "src/model/clip_config.h"
#include "src/model/named_parameter.h"
#include "src/model/parameter_list.h"
#include "src/model/text_tower.h"
#include "src/model/vision_tower.h"

namespace dermatome {

struct ImageFeatures {
  at::Tensor image;    // [B, d], L2-normalized
  at::Tensor patches;  // [B, P, d], L2-normalized (vision_tower.h); undefined unless asked for
};

// How many of a tower's blocks, from the first, keep only their input and are computed again in the
// backward pass; kAllBlocks: all.
struct CheckpointedBlocks {
  int64_t image = 0;
  int64_t text = 0;
};

// How many layers of a tower (TowerLayers), from the first, are locked.
struct LockedLayers {
  int64_t image = 0;
  int64_t text = 0;
};

class Clip {
 public:
  // Parameters are allocated in fp32 on `device` and are zero until initialize() or load_weights().
  Clip(const ClipConfig& config, c10::Device device, CheckpointedBlocks checkpointed = {});

  // open_clip's initial distributions, drawn from Rng(seed, kInitialization): the same on every
  // rank and device.
  void initialize(uint64_t seed);

  // pixels [B, 3, H, W], float, normalized, on the model's device. Runs under autocast if the
  // caller enabled it, and then also takes bfloat16 pixels; results are fp32. kept_patches [B, K]
  // int64, on the same device: only these patches are encoded (patch dropout), and P is K;
  // undefined: all.
  ImageFeatures encode_image(const at::Tensor& pixels, bool with_patches,
                             const at::Tensor& kept_patches = {}) const;

  // [B, d] fp32: `image` of encode_image() before its normalization, the input of linear probes.
  at::Tensor encode_image_raw(const at::Tensor& pixels) const;

  // tokens [U, L] int64 on the CPU, rows padded with 0 behind their last id; lengths [U] int64 on
  // the CPU (number of ids, the first and the last one included). Padding is not encoded, and in a
  // causal tower a beginning that texts share is encoded once. U = 0 gives [0, d] without a graph.
  // Returns [U, d], L2-normalized, fp32, on the model's device. The backward pass adds a sparse
  // gradient to the .grad of the tokens' embedding. Throws ConfigError for an id outside the
  // vocabulary.
  at::Tensor encode_text(const at::Tensor& tokens, const at::Tensor& lengths) const;

  // All parameters in open_clip's state_dict order, logit_scale among them.
  const std::vector<NamedParameter>& parameters() const { return parameters_; }
  int64_t num_parameters() const;  // numbers in all of them
  // A tower's layers, locked ones among them.
  TowerLayers image_layers() const { return vision_.layers(); }
  TowerLayers text_layers() const { return text_->layers(); }

  // Locks these layers and unlocks the others, as all are in a new model. A locked parameter
  // requires no gradient, so no backward pass goes below a tower's first parameter that is trained.
  void lock(LockedLayers locked);
  // Those of parameters() that are neither locked nor buffers. logit_scale is never locked.
  const std::vector<NamedParameter>& trained_parameters() const { return trained_; }
  int64_t num_trained_parameters() const;  // numbers in them
  // One tower's trained parameters in the order in which backward completes their gradients (last
  // layer first).
  std::vector<at::Tensor> image_parameters() const;
  std::vector<at::Tensor> text_parameters() const;
  const TextTower& text_tower() const { return *text_; }
  // Scalar: ln of the factor on cosines.
  at::Tensor logit_scale() const { return logit_scale_; }

  const ClipConfig& config() const { return config_; }
  c10::Device device() const { return device_; }

 private:
  Clip(const ClipConfig& config, ParameterList list, c10::Device device,
       CheckpointedBlocks checkpointed);
  void check_pixels(const at::Tensor& pixels) const;

  ClipConfig config_;
  c10::Device device_;
  CheckpointedBlocks checkpointed_;
  std::shared_ptr<const TextTower> text_;
  at::Tensor logit_scale_;
  VisionTower vision_;
  std::vector<NamedParameter> parameters_, trained_;
};

}  // namespace dermatome
