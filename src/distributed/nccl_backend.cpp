#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "src/distributed/process_group.h"

namespace dermatome {

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                                    int rank, int size,
                                                    std::chrono::milliseconds timeout) {
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  c10::intrusive_ptr<c10d::Backend> backend;
  guard_communication(
      "rank " + std::to_string(rank) + " of " + std::to_string(size) + ": starting NCCL",
      [&] { backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options); });
  return backend;
}

}  // namespace dermatome
