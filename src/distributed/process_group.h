// Collectives over a c10d backend.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include "src/distributed/collectives.h"

namespace dermatome {

// Runs `action`. An exception becomes a CommunicationError that names `operation`, the time until
// it failed, the cause and what to do.
void guard_communication(const std::string& operation, const std::function<void()>& action);

// `name` is the group's name in messages. The backend holds the timeout.
std::unique_ptr<Collectives> make_process_group_collectives(
    c10::intrusive_ptr<c10d::Backend> backend, std::string name, c10::DeviceType device);

// The NCCL backend on the current CUDA device. Throws ConfigError in a build without CUDA. Waiting
// for its work does not block the host. A collective that fails after its start (also by a timeout)
// therefore throws c10::DistError on a thread of LibTorch: the terminate handler, not the caller,
// ends the process with an exit code and a message.
c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                                    int rank, int size,
                                                    std::chrono::milliseconds timeout);

}  // namespace dermatome
