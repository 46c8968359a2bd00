// Copies tensors from host memory to the model's device without the host waiting for the device: a
// step's thread has to run ahead of it. Only a copy from pinned memory never waits; before a copy
// from pageable memory CUDA may wait for all work in the stream. On the CPU nothing is copied.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

namespace dermatome {

// `host`, or for CUDA a copy of it in pinned memory. Any thread may call it. Throws ConfigError
// when the system pins no more memory.
at::Tensor pin_for(const at::Tensor& host, c10::Device device);

// `host` on `device`, pinned first if it is not. `host` may be freed at once (LibTorch keeps pinned
// memory until the copy is done), but must not be written to.
at::Tensor upload(const at::Tensor& host, c10::Device device);

}  // namespace dermatome
