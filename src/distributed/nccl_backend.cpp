#include <c10/util/env.h>

#include <string>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include "src/core/text.h"
#include "src/distributed/process_group.h"

namespace dermatome {
namespace {

// A thread of LibTorch is the first to notice a failed or late collective. It throws
// c10::DistError, which ends the process (launcher/failure.h). Before that it waits a minute, four
// times the default of the second variable, for a dump of recent collectives. These settings remove
// the wait, unless the environment asks for the dump.
void end_without_delay() {
  c10::utils::set_env("TORCH_NCCL_DUMP_ON_TIMEOUT", "0", /*overwrite=*/false);
  c10::utils::set_env("TORCH_NCCL_WAIT_TIMEOUT_DUMP_MILSEC", "0", /*overwrite=*/false);
}

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                                    int rank, int size,
                                                    std::chrono::milliseconds timeout) {
  end_without_delay();
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  c10::intrusive_ptr<c10d::Backend> backend;
  guard_communication(text("rank ", rank, " of ", size, ": starting NCCL"), [&] {
    backend = c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
  });
  return backend;
}

}  // namespace dermatome
