#include "src/weights/foreign/zip_archive.h"

#include <gmock/gmock.h>

#include <cstring>
#include <fstream>

#include "src/core/error.h"
#include "src/core/file.h"
#include "tests/support/scratch_folder.h"
#include "tests/weights/foreign/torch_file.h"

namespace dermatome {
namespace {

using ::testing::HasSubstr;

template <typename T>
std::string bytes_of(T number) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &number, sizeof(T));
  return bytes;
}

// One member of a plain zip archive, and the directory's claims about it (UINT32_MAX: the truth).
struct Part {
  std::string name = "a/b";
  std::string content = "content";
  uint32_t claimed_header = UINT32_MAX;  // offset of the member's header
  uint32_t claimed_bytes = UINT32_MAX;
  uint16_t method = 0;
  uint16_t flags = 0;
};

std::string plain_zip(const std::vector<Part>& parts, const std::string& comment = "") {
  std::string file;
  std::string directory;
  for (const Part& part : parts) {
    const auto header = static_cast<uint32_t>(file.size());
    const auto bytes = static_cast<uint32_t>(part.content.size());
    const uint32_t claimed = part.claimed_bytes == UINT32_MAX ? bytes : part.claimed_bytes;
    const auto name_bytes = static_cast<uint16_t>(part.name.size());
    file += std::string("PK\x03\x04") + std::string(22, '\0') + bytes_of(name_bytes) +
            bytes_of<uint16_t>(0) + part.name + part.content;
    directory += std::string("PK\x01\x02") + std::string(4, '\0') + bytes_of(part.flags) +
                 bytes_of(part.method) + std::string(8, '\0') + bytes_of(claimed) +
                 bytes_of(claimed) + bytes_of(name_bytes) + std::string(12, '\0') +
                 bytes_of(part.claimed_header == UINT32_MAX ? header : part.claimed_header) +
                 part.name;
  }
  const auto begin = static_cast<uint32_t>(file.size());
  const auto count = static_cast<uint16_t>(parts.size());
  return file + directory + std::string("PK\x05\x06") + std::string(4, '\0') + bytes_of(count) +
         bytes_of(count) + bytes_of(static_cast<uint32_t>(directory.size())) + bytes_of(begin) +
         bytes_of(static_cast<uint16_t>(comment.size())) + comment;
}

class Zip : public ::testing::Test {
 protected:
  std::string content(const std::string& file, const std::string& name) {
    write_file_atomically(path_, file);
    ZipArchive zip(path_);
    const ZipArchive::Member& member = zip.at(name);
    std::string text(member.bytes, '\0');
    zip.read(member, text.data());
    return text;
  }

  void expect_refused(const std::string& file, const std::string& reason) {
    try {
      content(file, "a/b");
      FAIL() << "accepted an archive that should be refused with: " << reason;
    } catch (const DataError& error) {
      EXPECT_THAT(error.what(), HasSubstr(path_.string()));
      EXPECT_THAT(error.what(), HasSubstr(reason));
    }
  }

  std::filesystem::path path_ = scratch_folder() / "x.zip";
};

TEST_F(Zip, MembersComeBack) {
  const std::string file =
      plain_zip({{.name = "a/b"}, {.name = "c", .content = ""}, {.name = "d", .content = "PK"}});
  EXPECT_EQ(content(file, "a/b"), "content");
  EXPECT_EQ(content(file, "c"), "");
  EXPECT_EQ(content(file, "d"), "PK");
  EXPECT_EQ(content(plain_zip({Part{}}, "a comment"), "a/b"), "content");
}

TEST_F(Zip, PyTorchsOwnWriterIsUnderstood) {
  write_torch_file(path_, {{"data.pkl", "N."}, {"data/0", std::string(1000, 'x')}});
  const std::string file = read_file(path_);
  EXPECT_THAT(file, HasSubstr("PK\x06\x06"));  // the file has a zip64 record
  EXPECT_EQ(content(file, "archive/data/0"), std::string(1000, 'x'));
}

TEST_F(Zip, EveryCutIsRefused) {
  write_torch_file(path_, {{"a", "content"}});
  const std::string whole = read_file(path_);
  for (size_t bytes = 0; bytes < whole.size(); ++bytes) {
    expect_refused(whole.substr(0, bytes), "cut off");
  }
}

TEST_F(Zip, FalseDirectoryEntriesAreRefused) {
  expect_refused(plain_zip({{.name = "x"}}), "holds no \"a/b\"");
  expect_refused(plain_zip({Part{}, Part{}}), "twice");
  expect_refused(plain_zip({{.method = 8}}), "compressed");
  expect_refused(plain_zip({{.flags = 1}}), "encrypted");
  expect_refused(plain_zip({{.claimed_bytes = 1 << 30}}), "does not fit");
  expect_refused(plain_zip({{.claimed_bytes = 0xFFFFFFFE}}), "does not fit");
  expect_refused(plain_zip({{.claimed_header = 1 << 30}}), "outside");
  expect_refused(plain_zip({{.claimed_header = 1}}), "not where");
  expect_refused(plain_zip({Part{}, {.name = "c", .claimed_header = 0}}), "overlaps");
  expect_refused(plain_zip({{.claimed_bytes = 20}, {.name = "c", .content = "long content"}}),
                 "overlaps");
}

TEST_F(Zip, FalseEndRecordsAreRefused) {
  const std::string file = plain_zip({Part{}});
  const auto with = [&](size_t from_end, const std::string& bytes) {
    std::string changed = file;
    return changed.replace(changed.size() - from_end, bytes.size(), bytes);
  };
  expect_refused(with(12, bytes_of<uint16_t>(3)), "damaged directory");
  expect_refused(with(12, bytes_of<uint16_t>(0xFFFF)), "zip64");
  expect_refused(with(10, bytes_of<uint32_t>(1 << 30)), "cannot be");
  expect_refused(with(6, bytes_of<uint32_t>(1 << 30)), "cannot be");
  expect_refused(with(2, bytes_of<uint16_t>(1)), "cut off");
}

}  // namespace
}  // namespace dermatome
