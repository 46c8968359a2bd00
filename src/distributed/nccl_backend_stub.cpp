// Stands in for nccl_backend.cpp in a build without CUDA.
#include "src/core/error.h"
#include "src/distributed/process_group.h"

namespace dermatome {

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(
    const c10::intrusive_ptr<c10d::Store>& /*store*/, int /*rank*/, int /*size*/,
    std::chrono::milliseconds /*timeout*/) {
  throw ConfigError(
      "this build of Dermatome has no CUDA: use device cpu, or build with DERMATOME_CUDA=ON");
}

}  // namespace dermatome
