#include "src/distributed/local_address.h"

#include <ifaddrs.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <set>

#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/process_identity.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::string numeric(const sockaddr* address, socklen_t length) {
  char text[NI_MAXHOST] = "";
  getnameinfo(address, length, text, sizeof(text), nullptr, 0, NI_NUMERICHOST);
  return text;
}

// The names of this machine's interfaces that have an address.
std::set<std::string> interfaces() {
  std::set<std::string> names;
  ifaddrs* found = nullptr;
  if (getifaddrs(&found) != 0) return names;
  const std::unique_ptr<ifaddrs, decltype(&freeifaddrs)> addresses(found, freeifaddrs);
  for (const ifaddrs* each = found; each != nullptr; each = each->ifa_next) {
    const int family = each->ifa_addr == nullptr ? AF_UNSPEC : each->ifa_addr->sa_family;
    if (family == AF_INET || family == AF_INET6) names.insert(each->ifa_name);
  }
  return names;
}

}  // namespace

Route find_route(const std::string& host, uint16_t port) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), text(port).c_str(), &hints, &found);
  if (error != 0) {
    throw CommunicationError(text("host ", host, " cannot be resolved: ", gai_strerror(error)));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, freeaddrinfo);
  std::string reason = "no address";
  for (const addrinfo* each = found; each != nullptr; each = each->ai_next) {
    const int socket_fd = socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, 0);
    if (socket_fd < 0) continue;
    sockaddr_storage own = {};
    socklen_t length = sizeof(own);
    // Connecting a datagram socket only makes the system choose a route.
    const bool routed = connect(socket_fd, each->ai_addr, each->ai_addrlen) == 0 &&
                        getsockname(socket_fd, reinterpret_cast<sockaddr*>(&own), &length) == 0;
    if (!routed) reason = std::strerror(errno);
    close(socket_fd);
    if (!routed) continue;
    Route route;
    route.own = numeric(reinterpret_cast<const sockaddr*>(&own), length);
    route.host = numeric(each->ai_addr, each->ai_addrlen);
    route.is_loopback = route.own.starts_with("127.") || route.own == "::1";
    return route;
  }
  throw CommunicationError(text("host ", host, " cannot be reached: ", reason));
}

void check_interface(const std::string& interface, const std::string& variable) {
  const std::set<std::string> names = interfaces();
  if (names.empty() || names.contains(interface)) return;
  throw ConfigError(
      text(variable, "=", interface, " names no network interface with an address of host ",
           host_name(), ", which has ", joined(names),
           "; set it to one of these (one name, the same on all hosts), or unset it"));
}

}  // namespace dermatome
