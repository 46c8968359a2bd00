// The network addresses through which this machine and another one see each other.
#pragma once

#include <cstdint>
#include <string>

namespace dermatome {

struct Route {
  std::string own;   // numeric address that this machine uses towards the host
  std::string host;  // numeric address of the host
  bool is_loopback = false;
};

// The route to `host`; nothing is sent. Throws CommunicationError when it cannot be resolved or
// reached.
Route find_route(const std::string& host, uint16_t port);

}  // namespace dermatome
