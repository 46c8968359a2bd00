#include "src/distributed/wait_together.h"

#include <ATen/ATen.h>

namespace dermatome {

void wait_together(Collectives& collectives, c10::Device device, const std::function<bool()>& ready,
                   const std::string& what) {
  at::Tensor done = at::zeros({1}, at::TensorOptions(device).dtype(at::kLong));
  do {
    if (collectives.rank() == 0) done.fill_(ready() ? 1 : 0);
    collectives.broadcast(done, 0, what);
  } while (done.item<int64_t>() == 0);
}

}  // namespace dermatome
