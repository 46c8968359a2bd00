#include "src/distributed/rendezvous.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <future>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <torch/csrc/distributed/c10d/FileStore.hpp>
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <utility>

#include "src/core/error.h"
#include "src/core/text.h"
#include "src/distributed/local_address.h"
#include "src/distributed/process_group.h"
#include "src/distributed/single_process.h"

namespace dermatome {
namespace {

constexpr char kMasterAddressKey[] = "master address";
constexpr char kInterfaceVariable[] = "GLOO_SOCKET_IFNAME";

std::string name_of(const World& world) { return text("rank ", world.rank, " of ", world.size); }

c10::intrusive_ptr<c10d::Store> open_store_file(const World& world,
                                                std::chrono::milliseconds timeout) {
  c10::intrusive_ptr<c10d::Store> store;
  guard_communication(text(name_of(world), ": opening the store ", world.store_file), [&] {
    store = c10::make_intrusive<c10d::FileStore>(world.store_file, world.size);
    store->setTimeout(timeout);
  });
  return store;
}

// c10d waits without a limit for the first answer of the store. Where another program holds the
// port, none comes. So another thread waits; after the timeout it is left alone until the process
// ends.
c10::intrusive_ptr<c10d::TCPStore> reach_store(const std::string& host,
                                               const c10d::TCPStoreOptions& options) {
  std::promise<c10::intrusive_ptr<c10d::TCPStore>> promise;
  auto store = promise.get_future();
  std::thread([host, options, promise = std::move(promise)]() mutable {
    try {
      promise.set_value(c10::make_intrusive<c10d::TCPStore>(host, options));
    } catch (...) {
      promise.set_exception(std::current_exception());
    }
  }).detach();
  if (store.wait_for(options.timeout) != std::future_status::ready) {
    throw std::runtime_error(
        "no store answers: rank 0 has not started there, or another program holds the port (then "
        "choose another MASTER_PORT)");
  }
  return store.get();
}

c10::intrusive_ptr<c10d::TCPStore> serve_store(const std::string& host,
                                               const c10d::TCPStoreOptions& options) {
  try {
    return reach_store(host, options);
  } catch (const c10::Error& error) {
    const std::string reason = error.what_without_backtrace();
    if (reason.find(std::strerror(EADDRINUSE)) == reason.npos &&
        reason.find("EADDRINUSE") == reason.npos) {
      throw;
    }
    throw std::runtime_error("another program holds the port; choose another MASTER_PORT");
  }
}

c10::intrusive_ptr<c10d::TCPStore> open_store_server(const World& world,
                                                     std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.isServer = world.rank == 0 && !world.store_is_served;
  options.port = world.master_port;
  options.waitWorkers = false;
  options.timeout = timeout;
  c10::intrusive_ptr<c10d::TCPStore> store;
  guard_communication(text(name_of(world), options.isServer ? ": serving" : ": reaching",
                           " the store at ", world.master_host, ":", world.master_port),
                      [&] {
                        const auto open = options.isServer ? serve_store : reach_store;
                        store = open(world.master_host, options);
                      });
  return store;
}

// The address by which peers reach this rank. Ranks on rank 0's machine may see that machine only
// through the loopback device; ranks on other machines tell them its real address.
std::string own_address(const World& world, c10d::Store& store) {
  if (world.local_size == world.size) return "127.0.0.1";
  const Route route = find_route(world.master_host, world.master_port);
  if (route.is_loopback) return store.get_to_str(kMasterAddressKey);
  store.set(kMasterAddressKey, route.host);
  return route.own;
}

// Sets `network` to the interface or address through which the backend communicates.
c10::intrusive_ptr<c10d::Backend> make_gloo_backend(const World& world,
                                                    const c10::intrusive_ptr<c10d::Store>& store,
                                                    std::chrono::milliseconds timeout,
                                                    std::string& network) {
  const char* interface = std::getenv(kInterfaceVariable);
  network = interface != nullptr ? interface : own_address(world, *store);
  auto options = c10d::ProcessGroupGloo::Options::create(timeout);
  options->devices.push_back(interface != nullptr
                                 ? c10d::ProcessGroupGloo::createDeviceForInterface(network)
                                 : c10d::ProcessGroupGloo::createDeviceForHostname(network));
  return c10::make_intrusive<c10d::ProcessGroupGloo>(store, world.rank, world.size, options);
}

// c10d's flight recorder is on by default. At the first collective of a group it writes to a map
// that no lock guards: two threads with a group each (the trainer's and the batch feed's) race
// there and can crash the process. A buffer size that the user has set stays.
void turn_flight_recorder_off() {
  static std::once_flag once;
  std::call_once(once, [] { setenv("TORCH_FR_BUFFER_SIZE", "0", /*overwrite=*/0); });
}

}  // namespace

std::string create_store_file(const std::filesystem::path& folder) {
  std::error_code error;
  const auto parent = folder.empty() ? std::filesystem::temp_directory_path(error) : folder;
  std::string path = (parent / "dermatome-store-XXXXXX").string();
  const int file = error ? -1 : mkstemp(path.data());
  if (file < 0) {
    throw CommunicationError(
        text("file ", path, ", where the ranks would meet, cannot be created: ",
             error ? error.message() : std::strerror(errno), "; check TMPDIR"));
  }
  close(file);
  return path;
}

struct Rendezvous::State {
  World world;
  std::chrono::milliseconds timeout;
  c10::intrusive_ptr<c10d::Store> store;
  std::string network;
};

Rendezvous::Rendezvous(World world, std::chrono::milliseconds timeout)
    : state_(std::make_unique<State>()) {
  state_->world = std::move(world);
  state_->timeout = timeout;
  World& known = state_->world;
  if (known.size == 1) return;
  turn_flight_recorder_off();
  if (!known.store_file.empty()) {
    state_->store = open_store_file(known, timeout);
  } else {
    const auto store = open_store_server(known, timeout);
    known.master_port = store->getPort();
    state_->store = store;
  }
  state_->store =
      c10::make_intrusive<c10d::PrefixStore>("dermatome " + known.store_prefix, state_->store);
}

Rendezvous::~Rendezvous() = default;

uint16_t Rendezvous::port() const { return state_->world.master_port; }

const std::string& Rendezvous::network() const { return state_->network; }

std::unique_ptr<Collectives> Rendezvous::connect(const std::string& group, bool device_is_cuda) {
  const World& world = state_->world;
  if (world.size == 1) return make_single_process_collectives();
  const auto store = c10::make_intrusive<c10d::PrefixStore>(group, state_->store);
  c10::intrusive_ptr<c10d::Backend> backend;
  if (device_is_cuda) {
    backend = make_nccl_backend(store, world.rank, world.size, state_->timeout);
  } else {
    if (const char* interface = std::getenv(kInterfaceVariable)) {
      check_interface(interface, text(name_of(world), ": ", kInterfaceVariable));
    }
    guard_communication(text(name_of(world), ": joining group ", group), [&] {
      backend = make_gloo_backend(world, store, state_->timeout, state_->network);
    });
  }
  auto collectives = make_process_group_collectives(std::move(backend), group,
                                                    device_is_cuda ? c10::kCUDA : c10::kCPU);
  // No rank may end, and its store with it, while a peer still reads addresses from the store.
  collectives->barrier("start of the group");
  return collectives;
}

}  // namespace dermatome
