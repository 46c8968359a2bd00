#include "src/model/upload.h"

#include <ATen/ATen.h>
#include <c10/core/DeviceGuard.h>
#include <c10/util/Exception.h>

#include <string>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {

at::Tensor pin_for(const at::Tensor& host, c10::Device device) {
  if (!device.is_cuda()) return host;
  // Unguarded, a thread that has chosen no device would open another rank's device to pin memory.
  const c10::DeviceGuard guard(device);
  try {
    return host.pin_memory();  // returns `host` if it is pinned already
  } catch (const c10::Error& error) {
    throw ConfigError(
        text("cannot pin ", host.nbytes() >> 20, " MiB of host memory for the GPU (",
             error.what_without_backtrace(),
             "); raise the limit of locked memory (ulimit -l), or lower data.prefetch or "
             "batch_size"));
  }
}

at::Tensor upload(const at::Tensor& host, c10::Device device) {
  return pin_for(host, device).to(device, /*non_blocking=*/true);
}

}  // namespace dermatome
