// AdamW (Loshchilov and Hutter, 2019) over a model's parameters, by ATen's fused kernel.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
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

// A parameter with what sets its updates apart from those of others.
struct OptimizedParameter {
  NamedParameter parameter;
  double lr_factor = 1;     // multiplies the learning rate of a step
  double weight_decay = 0;  // if has_weight_decay()
};

// The trained parameters of `model`. The learning rate of a tower's layer is that of the tower
// times layer_decay^n, where n other layers follow it (BEiT: Bao et al., 2022). The logit scale
// belongs to no tower.
std::vector<OptimizedParameter> optimized_parameters(const Clip& model,
                                                     const OptimizerOptions& options);

// What AdamW::load_state() does about parameters of which a state holds nothing.
enum class MissingState { kRefused, kZero };

class AdamW {
 public:
  AdamW(const std::vector<OptimizedParameter>& parameters, const OptimizerOptions& options);
  // All with the common learning rate and weight decay.
  AdamW(const std::vector<NamedParameter>& parameters, const OptimizerOptions& options);

  // One update with learning rate `lr` from the parameters' .grad (all defined). Changes nothing
  // where `refused` (float, 0-dim, on the device) is 1: the device decides, the host does not wait.
  void step(double lr, const std::optional<at::Tensor>& refused = std::nullopt);

  // exp_avg.<name> and exp_avg_sq.<name>; step, the largest number of updates of a parameter; and
  // step.<name> of each parameter with fewer. Tensors share memory with the optimizer. Waits for
  // the device.
  NamedTensors state() const;
  // Copies a saved state in. Returns how many parameters it holds nothing of: with kZero their
  // moments and numbers of updates are 0. Throws DataError naming the first missing or misshapen
  // tensor.
  int64_t load_state(const std::map<std::string, at::Tensor>& state,
                     MissingState missing = MissingState::kRefused);
  int64_t num_parameters() const;  // tensors

 private:
  // Parameters that are updated with one set of hyper-parameters.
  struct Group {
    std::vector<NamedParameter> parameters;
    std::vector<at::Tensor> exp_avg, exp_avg_sq, steps;
    double lr_factor = 1;
    double weight_decay = 0;

    void add(const NamedParameter& parameter);
  };

  OptimizerOptions options_;
  std::vector<Group> groups_;
};

// Returns the L2 norm over all gradients, 0-dim, which stays on the device. With `max_norm` > 0
// scales the gradients so that their norm is at most `max_norm`, like
// torch.nn.utils.clip_grad_norm_; the norm before clipping is returned.
at::Tensor clip_gradient_norm(const std::vector<NamedParameter>& parameters, double max_norm);

}  // namespace dermatome
