// The network addresses through which this machine and another one see each other.
#pragma once

#include <cstdint>
#include <string>

namespace dermatome {

struct Route {
  std::string own;   // numeric address of this machine on the route
  std::string host;  // numeric address of the host
  bool is_loopback = false;
};

// The route to `host`; nothing is sent. Throws CommunicationError if the host cannot be resolved or
// reached.
Route find_route(const std::string& host, uint16_t port);

// Throws ConfigError unless `interface` is a network interface of this machine that has an address.
// The message names those that have one, this host, and `variable`, which holds the wrong name.
void check_interface(const std::string& interface, const std::string& variable);

}  // namespace dermatome
