#include "src/weights/safetensors.h"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "src/core/error.h"
#include "src/core/file.h"

namespace dermatome {
namespace {

using ::testing::HasSubstr;

std::filesystem::path scratch(const std::string& name) {
  return std::filesystem::path(::testing::TempDir()) / ("dermatome_safetensors_" + name);
}

// Writes a file of the length of `header`, `header` itself and `data`.
std::filesystem::path raw_file(const std::string& header, const std::string& data) {
  auto path = scratch("raw");
  const uint64_t length = header.size();
  std::ofstream stream(path, std::ios::binary);
  stream.write(reinterpret_cast<const char*>(&length), sizeof(length));
  stream << header << data;
  return path;
}

void expect_refused(const std::filesystem::path& path, const std::string& reason) {
  try {
    read_safetensors(path);
    FAIL() << "accepted a file that should be refused with: " << reason;
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr(path.string()));
    EXPECT_THAT(error.what(), HasSubstr(reason));
  }
}

TEST(Safetensors, ComeBackAsWritten) {
  NamedTensors tensors;
  for (const at::ScalarType type :
       {at::kDouble, at::kFloat, at::kHalf, at::kBFloat16, at::kLong, at::kInt, at::kShort,
        at::kChar, at::kUInt16, at::kByte, at::kBool}) {
    tensors.emplace_back(at::toString(type), at::arange(6).remainder(2).view({2, 3}).to(type));
  }
  tensors.emplace_back("scalar", at::scalar_tensor(-2.5));
  tensors.emplace_back("empty", at::empty({0, 4}));
  tensors.emplace_back("transposed", at::arange(6, at::kFloat).view({2, 3}).t());
  const auto path = scratch("types");
  write_safetensors(path, tensors);

  const auto read = read_safetensors(path);

  ASSERT_EQ(read.size(), tensors.size());
  for (const auto& [name, tensor] : tensors) {
    ASSERT_TRUE(read.contains(name)) << name;
    EXPECT_EQ(read.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_EQ(read.at(name).sizes(), tensor.sizes()) << name;
    EXPECT_EQ(std::memcmp(read.at(name).const_data_ptr(), tensor.contiguous().const_data_ptr(),
                          tensor.nbytes()),
              0)
        << name;
  }
}

TEST(Safetensors, AreWrittenAsTheFormatAsks) {
  const auto path = scratch("layout");
  write_safetensors(path, {{"byte", at::ones({1}, at::kByte)},
                           {"b", at::full({1}, 1.0, at::kFloat)},
                           {"a", at::full({1}, 2.0, at::kFloat)}});

  const std::string bytes = read_file(path);

  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), sizeof(length));
  EXPECT_EQ(length % 8, 0);
  const std::string header = bytes.substr(8, length);
  EXPECT_EQ(header.substr(0, header.find_last_not_of(' ') + 1),
            R"({"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},)"
            R"("a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},)"
            R"("byte":{"dtype":"U8","shape":[1],"data_offsets":[8,9]}})");
  EXPECT_EQ(bytes.size(), 8 + length + 9);
}

TEST(Safetensors, WritingRefusesTwoTensorsOfOneName) {
  EXPECT_THROW(write_safetensors(scratch("twice"), {{"a", at::ones({1})}, {"a", at::ones({1})}}),
               InternalError);
}

TEST(Safetensors, WritingRefusesTypesWithoutAName) {
  EXPECT_THROW(write_safetensors(scratch("complex"), {{"a", at::ones({1}, at::kComplexFloat)}}),
               InternalError);
}

TEST(Safetensors, WritingSaysWhereItFailed) {
  try {
    write_safetensors("no/such/folder/x.safetensors", {{"a", at::ones({1})}});
    FAIL() << "wrote into a folder that does not exist";
  } catch (const DataError& error) {
    EXPECT_THAT(error.what(), HasSubstr("no/such/folder"));
  }
}

TEST(Safetensors, MissingFileIsRefused) { expect_refused("no/such/file", "cannot be opened"); }

TEST(Safetensors, FolderIsRefused) { expect_refused(::testing::TempDir(), "cannot be"); }

TEST(Safetensors, ShortFileIsRefused) {
  const auto path = scratch("short");
  std::ofstream(path) << "1234567";
  expect_refused(path, "too short");
}

TEST(Safetensors, HeaderBeyondTheFileIsRefused) {
  const auto path = scratch("beyond");
  for (const uint64_t length : {uint64_t{3}, UINT64_MAX, UINT64_MAX - 7}) {
    std::ofstream stream(path, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(&length), sizeof(length));
    stream << "{}";
    stream.close();
    expect_refused(path, "cut off");
  }
}

struct Malformed {
  std::string header;
  std::string data;
  std::string reason;
};

std::ostream& operator<<(std::ostream& out, const Malformed& malformed) {
  return out << malformed.header;
}

class MalformedSafetensors : public ::testing::TestWithParam<Malformed> {};

TEST_P(MalformedSafetensors, AreRefused) {
  expect_refused(raw_file(GetParam().header, GetParam().data), GetParam().reason);
}

// A header with one tensor of one byte.
std::string one(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return R"({"a":{"dtype":)" + dtype + R"(,"shape":)" + shape + R"(,"data_offsets":)" + offsets +
         "}}";
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedSafetensors,
    ::testing::Values(
        Malformed{"", "", "not a JSON object"}, Malformed{" {}", "", "not a JSON object"},
        Malformed{"[]", "", "not a JSON object"}, Malformed{"{\"a\":", "", "not valid JSON"},
        Malformed{"{\"\xff\":1}", "", "not valid JSON"}, Malformed{"{} x", "", "not valid JSON"},
        Malformed{R"({"a":1})", "", R"(tensor "a" (1) must be a JSON object)"},
        Malformed{R"({"a":{"dtype":"U8","shape":[1]}})", "x",
                  R"(tensor "a".data_offsets (missing) is needed)"},
        Malformed{R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", "x",
                  R"(unknown key 'tensor "a".x')"},
        Malformed{one("\"U9\"", "[1]", "[0,1]"), "x", R"(tensor "a".dtype ("U9") is unknown)"},
        Malformed{one("8", "[1]", "[0,1]"), "x", R"(tensor "a".dtype (8) must be text)"},
        Malformed{one("\"U8\"", "1", "[0,1]"), "x", R"(tensor "a".shape (1) must be a list)"},
        Malformed{one("\"U8\"", "[-1]", "[0,1]"), "x", R"(tensor "a".shape ([-1]) must be a list)"},
        Malformed{one("\"U8\"", "[1.0]", "[0,1]"), "x",
                  R"(tensor "a".shape ([1.0]) must be a list)"},
        Malformed{one("\"U8\"", "[18446744073709551615]", "[0,1]"), "x",
                  R"(tensor "a".shape ([18446744073709551615]) is impossible)"},
        Malformed{one("\"F64\"", "[4294967296,4294967296]", "[0,0]"), "",
                  R"(tensor "a".shape ([4294967296,4294967296]) is impossible)"},
        Malformed{one("\"U8\"", "[1]", "[0]"), "x",
                  R"(tensor "a".data_offsets ([0]) must be two numbers)"},
        Malformed{one("\"U8\"", "[1]", "[0,-1]"), "x",
                  R"(tensor "a".data_offsets ([0,-1]) must be a list)"},
        Malformed{one("\"U8\"", "[1]", "[1,0]"), "x",
                  R"(tensor "a".data_offsets ([1,0]) do not span the 1 bytes)"},
        Malformed{one("\"F32\"", "[1]", "[0,1]"), "x",
                  R"(tensor "a".data_offsets ([0,1]) do not span the 4 bytes)"},
        Malformed{one("\"U8\"", "[1]", "[1,2]"), "xy", "leave a gap"},
        Malformed{one("\"U8\"", "[2]", "[0,2]"), "x", "cut off"},
        Malformed{one("\"U8\"", "[1]", "[0,1]"), "xy", "cut off or damaged"},
        Malformed{R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                  R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                  "xyz", "overlap"},
        Malformed{R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                  R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
                  "x", R"(the key "a" is there a second time)"},
        Malformed{one("\"BOOL\"", "[1]", "[0,1]"), "\x02", "other than 0 and 1"},
        Malformed{R"({"__metadata__":{"a":1}})", "", "__metadata__"},
        Malformed{R"({"__metadata__":"x"})", "", "__metadata__"}));

}  // namespace
}  // namespace dermatome
