// AdamW (Loshchilov and Hutter, 2019) over a model's parameters, by ATen's fused kernel.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <vector>

#include "src/config/optimizer_options.h"
#include "src/model/clip.h"
#include "src/weights/safetensors.h"

namespace dermatome {

// open_clip's rule: gains, biases, the class embedding and the logit scale are not decayed, that is
// every parameter with fewer than two dimensions or with bn, ln, bias or logit_scale in its name.
bool has_weight_decay(const NamedParameter& parameter);

class AdamW {
 public:
  AdamW(std::vector<NamedParameter> parameters, const OptimizerOptions& options);

  // One update with learning rate `lr` from the parameters' .grad (all defined). Changes nothing
  // where `refused` (float, 0-dim, on the device) is 1: the device decides, the host does not wait.
  void step(double lr, const std::optional<at::Tensor>& refused = std::nullopt);

  // exp_avg.<name>, exp_avg_sq.<name> and step; tensors share memory with the optimizer.
  NamedTensors state() const;
  // Copies a saved state in. Throws DataError naming the first missing or misshapen tensor.
  void load_state(const std::map<std::string, at::Tensor>& state);

 private:
  // Parameters that are updated with one set of hyper-parameters.
  struct Group {
    std::vector<NamedParameter> parameters;
    std::vector<at::Tensor> exp_avg, exp_avg_sq, steps;
    double weight_decay = 0;
  };
  Group make_group(bool decayed, const std::vector<NamedParameter>& parameters) const;

  OptimizerOptions options_;
  std::vector<Group> groups_;
};

// Returns the L2 norm over all gradients, 0-dim, which stays on the device. With `max_norm` > 0
// scales the gradients so that their norm is at most `max_norm`, like
// torch.nn.utils.clip_grad_norm_; the norm before clipping is returned.
at::Tensor clip_gradient_norm(const std::vector<NamedParameter>& parameters, double max_norm);

}  // namespace dermatome
