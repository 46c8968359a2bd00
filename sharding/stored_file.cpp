#include "sharding/stored_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "sharding/storage_retry.h"
#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

struct OpenFile {
  int descriptor = -1;
  uint64_t size = 0;
};

OpenFile open_file(const std::filesystem::path& path, Opening opening, const char* remedy) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail_to_open("cannot open " + path.string(), errno, opening, remedy);
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    const int error = errno;
    ::close(descriptor);
    fail_to_open("cannot look at " + path.string(), error, opening, remedy);
  }
  return {descriptor, static_cast<uint64_t>(status.st_size)};
}

}  // namespace

StoredFile::StoredFile(const std::filesystem::path& path, Opening opening, const char* remedy)
    : path_(path), remedy_(remedy) {
  retry_storage([&] {
    const OpenFile file = open_file(path_, opening, remedy_);
    fd_ = file.descriptor;
    size_ = file.size;
  });
}

StoredFile::~StoredFile() { ::close(fd_); }

void StoredFile::reopen() const {
  const OpenFile file = open_file(path_, Opening::kAgain, remedy_);
  if (file.size != size_) {
    ::close(file.descriptor);
    throw DataError(text(path_, " has ", file.size, " bytes instead of ", size_,
                         " now, so it was replaced or cut off since it was opened", remedy_));
  }
  // Under the same number, because other threads may be reading from it.
  const int result = ::dup3(file.descriptor, fd_, O_CLOEXEC);
  const int error = errno;
  ::close(file.descriptor);
  if (result < 0) fail_to_open("cannot open " + path_.string(), error, Opening::kAgain, remedy_);
}

void StoredFile::read(uint64_t offset, std::span<std::byte> target) const {
  bool failed = false;
  retry_storage([&] {
    // A file server that was away may know nothing of the descriptors it gave out before.
    if (std::exchange(failed, true)) reopen();
    while (!target.empty()) {
      const ssize_t got = ::pread(fd_, target.data(), target.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        const int error = errno;
        const std::string problem =
            text("cannot read ", target.size(), " bytes at ", offset, " of ", path_);
        if (got == 0) {
          throw DataError(problem + ": the file ends before that, so it was cut off" + remedy_);
        }
        if (may_pass(error)) throw StorageFailure(problem + ": " + std::strerror(error));
        throw DataError(problem + ": " + std::strerror(error) + remedy_);
      }
      target = target.subspan(static_cast<size_t>(got));
      offset += static_cast<uint64_t>(got);
    }
  });
}

std::string read_stored_file(const std::filesystem::path& path) {
  const StoredFile file(path, Opening::kFirst, /*remedy=*/"");
  std::string content(file.size(), '\0');
  file.read(0, std::as_writable_bytes(std::span(content)));
  return content;
}

}  // namespace dermatome
