#include "src/model/upload.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>

namespace dermatome {

at::Tensor pin_for(const at::Tensor& host, c10::Device device) {
  if (!device.is_cuda()) return host;
  // A thread that never chose a device would open another rank's to pin memory.
  const c10::DeviceGuard guard(device);
  return host.pin_memory();  // itself where it is pinned already
}

at::Tensor upload(const at::Tensor& host, c10::Device device) {
  return pin_for(host, device).to(device, /*non_blocking=*/true);
}

}  // namespace dermatome
