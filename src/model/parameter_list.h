// Allocates a model's parameters in the order of its state_dict.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <string>
#include <vector>

#include "src/model/named_parameter.h"

namespace dermatome {

class ParameterList {
 public:
  explicit ParameterList(c10::Device device) : device_(device) {}

  // A new fp32 parameter of zeros; the list and the caller share it.
  at::Tensor add(const std::string& name, at::IntArrayRef shape);
  // The same, but without a gradient: it belongs to the model's weights and is never trained. A
  // tower does not list it among its layers.
  at::Tensor add_buffer(const std::string& name, at::IntArrayRef shape);

  const std::vector<NamedParameter>& all() const { return parameters_; }

 private:
  c10::Device device_;
  std::vector<NamedParameter> parameters_;
};

}  // namespace dermatome
