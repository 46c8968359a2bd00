// Where the ranks of a run find each other: a store, in a file or served by rank 0, in which any
// number of groups are made. With one rank nothing is opened.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "src/distributed/collectives.h"
#include "src/distributed/world.h"

namespace dermatome {

// A new file for World::store_file in `folder`, by default among the system's temporary ones. It
// goes with the last rank's Rendezvous; after an error it stays. Throws CommunicationError.
std::string create_store_file(const std::filesystem::path& folder = {});

class Rendezvous {
 public:
  // Opens the store: its file, or serves the store (rank 0) or connects to it. `timeout` bounds
  // that, every connect() and every collective of the groups. Throws CommunicationError.
  Rendezvous(World world, std::chrono::milliseconds timeout);
  ~Rendezvous();
  Rendezvous(const Rendezvous&) = delete;
  Rendezvous& operator=(const Rendezvous&) = delete;

  // Where the store listens: what rank 0 tells the others when its own port was 0.
  uint16_t port() const;

  // What CPU groups communicate through: an interface's name, or this rank's address. Empty before
  // the first of them is joined.
  const std::string& network() const;

  // Joins the group `group`; every rank calls it. A group uses CPU tensors over Gloo, or CUDA
  // tensors (of the current device) over NCCL. Gloo's connections go through the interface
  // GLOO_SOCKET_IFNAME, by default the one that leads to rank 0. Groups of different names may
  // belong to different threads. Throws CommunicationError when a peer does not come in time,
  // ConfigError for CUDA in a build without it.
  std::unique_ptr<Collectives> connect(const std::string& group, bool device_is_cuda = false);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace dermatome
