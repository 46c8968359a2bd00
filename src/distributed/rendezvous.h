// The ranks of a run find each other through a store, in a file or served by rank 0. They make any
// number of groups with it. With one rank nothing is opened.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "src/distributed/collectives.h"
#include "src/distributed/world.h"

namespace dermatome {

// Creates a file for World::store_file in `folder`, by default the system's folder for temporary
// files, and returns its path. The last rank's Rendezvous removes it; after an error it stays.
// Throws CommunicationError.
std::string create_store_file(const std::filesystem::path& folder = {});

class Rendezvous {
 public:
  // Opens the store's file, serves the store (rank 0) or connects to it. `timeout` limits this
  // step, every connect() and every collective of the groups. Throws CommunicationError.
  Rendezvous(World world, std::chrono::milliseconds timeout);
  ~Rendezvous();
  Rendezvous(const Rendezvous&) = delete;
  Rendezvous& operator=(const Rendezvous&) = delete;

  // The store's port. Rank 0 tells it to the other ranks if its World::master_port was 0.
  uint16_t port() const;

  // What CPU groups communicate through: an interface's name, or this rank's address. Empty until
  // the first CPU group is joined.
  const std::string& network() const;

  // Joins the group `group`; every rank calls it. A group uses CPU tensors over Gloo, or CUDA
  // tensors (of the current device) over NCCL. Gloo's connections go through the interface
  // GLOO_SOCKET_IFNAME, by default the interface that leads to rank 0. Groups of different names
  // may belong to different threads. Throws CommunicationError when a peer does not come in time,
  // ConfigError for CUDA in a build without it and for an interface that this machine lacks.
  std::unique_ptr<Collectives> connect(const std::string& group, bool device_is_cuda = false);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermatome
