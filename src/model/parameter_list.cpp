#include "src/model/parameter_list.h"

#include <ATen/ATen.h>

namespace dermatome {

at::Tensor ParameterList::add(const std::string& name, at::IntArrayRef shape) {
  at::Tensor value = at::zeros(shape, at::TensorOptions(at::kFloat).device(device_));
  value.set_requires_grad(true);
  parameters_.push_back({.name = name, .value = value});
  return value;
}

}  // namespace dermatome
