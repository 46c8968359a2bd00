#include "src/distributed/rendezvous.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <thread>

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
