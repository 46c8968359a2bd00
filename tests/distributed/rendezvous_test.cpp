#include "src/distributed/rendezvous.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <utility>

#include "src/core/error.h"
#include "src/distributed/local_address.h"

namespace dermatome {
namespace {

TEST(Rendezvous, ServesAStoreWhereThereIsNoFile) {
  constexpr std::chrono::seconds kTimeout(30);
  World world;
  world.size = world.local_size = 2;
  Rendezvous server(world, kTimeout);
  world.rank = world.local_rank = 1;
  world.master_port = server.port();
  std::thread peer([&world, kTimeout] {
    Rendezvous client(world, kTimeout);
    client.connect("first")->barrier("end");
    client.connect("second")->barrier("end");
  });
  server.connect("first")->barrier("end");
  server.connect("second")->barrier("end");
  peer.join();
}

// Several threads can use groups safely only without the flight recorder.
TEST(Rendezvous, TurnsTheFlightRecorderOfCollectivesOff) {
  World world;
  world.size = world.local_size = 2;
  const Rendezvous server(world, std::chrono::seconds(30));
  EXPECT_STREQ(std::getenv("TORCH_FR_BUFFER_SIZE"), "0");
}

TEST(Rendezvous, NamesTheStoreThatItCannotReach) {
  World world;
  world.size = world.local_size = 2;
  world.rank = world.local_rank = 1;
  world.master_port = 1;
  try {
    Rendezvous(world, std::chrono::seconds(1));
    FAIL() << "no error";
  } catch (const CommunicationError& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("rank 1 of 2: reaching the store at 127.0.0.1:1"));
  }
}

// Another program that listens and never answers.
class SilentListener {
 public:
  SilentListener() : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    socklen_t size = sizeof address;
    auto* name = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(bind(socket_, name, size), 0);
    EXPECT_EQ(listen(socket_, 5), 0);
    EXPECT_EQ(getsockname(socket_, name, &size), 0);
    port_ = ntohs(address.sin_port);
  }
  ~SilentListener() { close(socket_); }
  SilentListener(const SilentListener&) = delete;
  SilentListener& operator=(const SilentListener&) = delete;
  uint16_t port() const { return port_; }

 private:
  int socket_;
  uint16_t port_ = 0;
};

TEST(Rendezvous, EndsInTimeWhereAnotherProgramHoldsThePort) {
  const SilentListener listener;
  World world;
  world.size = world.local_size = 2;
  world.master_port = listener.port();
  for (const auto& [rank, action] : {std::pair(0, "serving"), std::pair(1, "reaching")}) {
    world.rank = world.local_rank = rank;
    const auto start = std::chrono::steady_clock::now();
    try {
      Rendezvous(world, std::chrono::seconds(1));
      FAIL() << "no error";
    } catch (const CommunicationError& error) {
      EXPECT_THAT(error.what(), testing::AllOf(testing::HasSubstr(action),
                                               testing::HasSubstr("another program holds the port"),
                                               testing::HasSubstr("choose another MASTER_PORT")));
    }
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  }
}

TEST(Rendezvous, NamesAnInterfaceThatIsNotThere) {
  World world;
  world.size = world.local_size = 2;
  world.store_file = create_store_file();
  setenv("GLOO_SOCKET_IFNAME", "ib9", 1);
  try {
    Rendezvous(world, std::chrono::seconds(1)).connect("test");
    ADD_FAILURE() << "no error";
  } catch (const ConfigError& error) {
    EXPECT_THAT(error.what(),
                testing::AllOf(testing::HasSubstr("rank 0 of 2: GLOO_SOCKET_IFNAME=ib9 names no"),
                               testing::HasSubstr("lo")));
  }
  unsetenv("GLOO_SOCKET_IFNAME");
  std::filesystem::remove(world.store_file);
}

TEST(Rendezvous, StopsWaitingForAPeerThatNeverComes) {
  World world;
  world.size = world.local_size = 2;
  world.store_file = create_store_file();
  const auto start = std::chrono::steady_clock::now();
  EXPECT_THROW(Rendezvous(world, std::chrono::seconds(1)).connect("test"), CommunicationError);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
  std::filesystem::remove(world.store_file);
}

TEST(FindRoute, KnowsTheLoopbackDevice) {
  const Route route = find_route("127.0.0.1", 1);
  EXPECT_EQ(route.own, "127.0.0.1");
  EXPECT_EQ(route.host, "127.0.0.1");
  EXPECT_TRUE(route.is_loopback);
}

}  // namespace
}  // namespace dermatome
