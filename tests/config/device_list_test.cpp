#include "src/config/device_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "src/core/error.h"
#include "src/core/file.h"

namespace dermatome {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

TEST(DeviceList, GivesTheMemoryOfEveryName) {
  const DeviceList devices =
      read_devices("A: {memory: 2GiB}\n\"B 1\": {memory: 1.5 TB}  # new\n", "devices.yaml");
  EXPECT_EQ(devices, (DeviceList{{"A", 2.0 * (1 << 30)}, {"B 1", 1.5e12}}));
}

TEST(DeviceList, ReadsTheShippedList) {
  const std::string file = DERMATOME_SOURCE_DIR "/configs/devices.yaml";
  EXPECT_EQ(read_devices(read_file(file), file).at("H200"), 140.0 * (1 << 30));
}

TEST(DeviceList, NamesThePlaceOfAMistake) {
  for (const auto& [yaml, words] : std::vector<std::pair<std::string, std::string>>{
           {"A: {memory: 2GiB}\nB: 3GiB\n", "d.yaml:2:1: B is not {memory: SIZE}"},
           {"A: {memory: 2GiB, cores: 3}\n", "d.yaml:1:1: A is not {memory: SIZE}"},
           {"A: {memory: [2GiB]}\n", "d.yaml:1:1: A is not {memory: SIZE}"},
           {"A: {memory: 2GiB}\nA: {memory: 3GiB}\n", "d.yaml:2:1: A is there a second time"},
           {"cpu: {memory: 2GiB}\n", "d.yaml:1:1: cpu means this machine"},
           {"A: {memory: 2}\n", "d.yaml:1:1: A has '2' for its memory, which is no size"},
           {"[A]", "d.yaml: is not a list NAME: {memory: SIZE}"},
           {"A: {memory: 2GiB", "d.yaml: not valid YAML"}}) {
    EXPECT_THAT([&] { read_devices(yaml, "d.yaml"); },
                ThrowsMessage<ConfigError>(HasSubstr(words)));
  }
}

TEST(ParseBytes, ReadsUnitsOfBothKinds) {
  EXPECT_EQ(parse_bytes("141GiB", ""), 141.0 * (1 << 30));
  EXPECT_EQ(parse_bytes("80 GB", ""), 80e9);
  EXPECT_EQ(parse_bytes("512MiB", ""), 512.0 * (1 << 20));
  for (const char* wrong : {"", "GiB", "-1GiB", "0GiB", "1gib", "1 GiB more", "nanGiB", "infGiB"}) {
    EXPECT_THROW(parse_bytes(wrong, ""), ConfigError) << wrong;
  }
}

}  // namespace
}  // namespace dermatome
