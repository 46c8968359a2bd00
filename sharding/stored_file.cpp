#include "sharding/stored_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "sharding/storage_retry.h"
#include "src/core/error.h"

namespace dermatome {
namespace {

[[noreturn]] void fail(const std::string& problem, int error) {
  const std::string message = problem + ": " + std::strerror(error);
  if (may_pass(error)) throw StorageFailure(message);
  throw DataError(message);
}

}  // namespace

StoredFile::StoredFile(const std::filesystem::path& path) : path_(path) {
  retry_storage([this] {
    fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd_ < 0) fail("cannot open " + path_.string(), errno);
    struct stat status {};
    if (::fstat(fd_, &status) != 0) {
      const int error = errno;
      ::close(fd_);
      fail("cannot look at " + path_.string(), error);
    }
    size_ = static_cast<uint64_t>(status.st_size);
  });
}

StoredFile::~StoredFile() { ::close(fd_); }

void StoredFile::read(uint64_t offset, std::span<std::byte> target) const {
  retry_storage([&] {
    while (!target.empty()) {
      const ssize_t got = ::pread(fd_, target.data(), target.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        const int error = errno;
        const std::string problem = "cannot read " + std::to_string(target.size()) + " bytes at " +
                                    std::to_string(offset) + " of " + path_.string();
        if (got == 0)
          throw DataError(problem +
                          ": the file ends before, so it was cut off since; copy it again");
        fail(problem, error);
      }
      target = target.subspan(static_cast<size_t>(got));
      offset += static_cast<uint64_t>(got);
    }
  });
}

}  // namespace dermatome
