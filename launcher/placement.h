// Where every rank runs: what start-up prints, and how cores are divided.
#pragma once

#include <c10/core/Device.h>

#include <cstdint>
#include <string>
#include <vector>

#include "src/distributed/collectives.h"

namespace dermatome {

struct Placement {
  std::string host;
  std::string cores;  // the cores that the rank may run on, "0-3,8"
  int num_cores = 1;
  std::string device;   // "cpu", "cuda:1" among the GPUs that the rank sees
  std::string network;  // interface or address of the CPU groups; empty: one rank

  bool operator==(const Placement&) const = default;
};

// The placement of this process.
Placement local_placement(c10::Device device, const std::string& network);

// Every rank's placement, in rank order. A collective call; `group` carries CPU tensors.
std::vector<Placement> gather_placements(const Placement& own, Collectives& group);

// Throws ConfigError if some ranks work on GPUs and others do not, naming one of each: they could
// not communicate.
void check_same_devices(const std::vector<Placement>& placements);

// How many ranks may run on the very same cores as `rank`, itself included.
int num_sharing_cores(const std::vector<Placement>& placements, int rank);

// Threads of a rank: `asked` or, if that is 0, its share of the cores that it may run on.
int num_threads(const std::vector<Placement>& placements, int rank, int64_t asked);

// One line per rank, up to kRanksListed ranks; for more, one line for all ranks that differ only in
// host and network.
inline constexpr size_t kRanksListed = 16;
std::vector<std::string> describe(const std::vector<Placement>& placements, int64_t threads_asked);

// A warning if a rank has more threads than its share of the cores; else empty.
std::string warn_of_threads(const std::vector<Placement>& placements, int64_t threads_asked);

}  // namespace dermatome
