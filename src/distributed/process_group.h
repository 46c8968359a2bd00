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

// Runs `action`; what it throws becomes a CommunicationError: "<operation>" failed, for how long
// it ran, the cause and what to do.
void guard_communication(const std::string& operation, const std::function<void()>& action);

// `name` is the group's, for messages. The backend knows its timeout.
std::unique_ptr<Collectives> make_process_group_collectives(
    c10::intrusive_ptr<c10d::Backend> backend, std::string name, c10::DeviceType device);

// The NCCL backend on the current CUDA device. Throws ConfigError in a build without CUDA. Waiting
// for its work does not block the host, so what fails there after the start, a timeout too, throws
// c10::DistError on a thread of LibTorch's: the process ends with exit code and message through the
// terminate handler, not through the caller.
c10::intrusive_ptr<c10d::Backend> make_nccl_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                                    int rank, int size,
                                                    std::chrono::milliseconds timeout);

}  // namespace dermatome
