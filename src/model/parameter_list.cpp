#include "src/model/parameter_list.h"

#include <ATen/ATen.h>

namespace dermatome {

at::Tensor ParameterList::add(const std::string& name, at::IntArrayRef shape) {
  return add_buffer(name, shape).set_requires_grad(true);
}

at::Tensor ParameterList::add_buffer(const std::string& name, at::IntArrayRef shape) {
  const at::Tensor value = at::zeros(shape, at::TensorOptions(at::kFloat).device(device_));
  parameters_.push_back({.name = name, .value = value});
  return value;
}

}  // namespace dermatome
