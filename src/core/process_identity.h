// Who a process is, so that others, also on other machines, can name it and tell whether it still
// runs.
#pragma once

#include <cstdint>
#include <string>

namespace dermatome {

// The name of this host.
std::string host_name();

struct ProcessIdentity {
  std::string host;
  int64_t process = 0;  // its number
  // Its start, in clock ticks since the machine's: numbers of processes are used again.
  int64_t started = 0;
  std::string machine;   // a name of the machine that changes whenever it boots
  std::string numbers;   // the name space of its number: containers have their own
  std::string job;       // the number of its Slurm job; empty: none
  std::string cluster;   // of the job
  int64_t restarts = 0;  // how often the job was requeued
  std::string since;     // when this was written, in UTC
  std::string token;     // differs between all identities

  bool operator==(const ProcessIdentity&) const = default;
};

// This process, with a new token.
ProcessIdentity own_identity();

// "process 12 on host a (Slurm job 7), since 2026-11-29T12:50:49Z"
std::string describe(const ProcessIdentity& process);

// Whether this process can look the other one up by its number.
bool can_look_up(const ProcessIdentity& other);

// Whether the process still runs. Only for a process that can be looked up.
bool is_running(const ProcessIdentity& process);

}  // namespace dermatome
