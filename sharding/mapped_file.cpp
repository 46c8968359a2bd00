#include "sharding/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>

#include "src/core/error.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

// Between tries; 8.5 s in all, for a file server to come back.
constexpr std::array<std::chrono::milliseconds, 4> kPauses = {
    std::chrono::milliseconds(100), std::chrono::milliseconds(400), std::chrono::milliseconds(1600),
    std::chrono::milliseconds(6400)};

// Errors of file systems behind a network, which may be over in a moment.
bool may_pass(int error) {
  constexpr std::array kErrors = {EIO,       EAGAIN,      ESTALE,       ETIMEDOUT, ENETDOWN,
                                  EHOSTDOWN, ENETUNREACH, EHOSTUNREACH, EREMOTEIO, ECOMM};
  return std::ranges::find(kErrors, error) != kErrors.end();
}

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) : path_(path) {
  const auto fail = [&](const char* what) {
    const std::string reason = std::strerror(errno);
    if (fd_ >= 0) ::close(fd_);
    throw DataError(std::string("cannot ") + what + " " + path.string() + ": " + reason);
  };
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd_ < 0) fail("open");
  struct stat status {};
  if (::fstat(fd_, &status) != 0) fail("look at");
  size_ = static_cast<uint64_t>(status.st_size);
  if (size_ == 0) return;
  void* data = ::mmap(nullptr, size_, PROT_READ, MAP_SHARED, fd_, 0);
  if (data == MAP_FAILED) fail("map");
  data_ = static_cast<const std::byte*>(data);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  ::close(fd_);
}

void MappedFile::read(uint64_t offset, std::span<std::byte> target) const {
  size_t retries = 0;
  while (!target.empty()) {
    const ssize_t got = ::pread(fd_, target.data(), target.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      const std::string problem = "cannot read " + std::to_string(target.size()) + " bytes at " +
                                  std::to_string(offset) + " of " + path_.string() + ": " +
                                  (got == 0 ? "the file ends before" : std::strerror(errno));
      if (got == 0 || !may_pass(errno)) throw DataError(problem);
      if (retries == kPauses.size()) {
        throw DataError(problem + ", also when tried " + std::to_string(retries) +
                        " times again; check the file system, then continue");
      }
      log_warning(problem + "; trying again");
      std::this_thread::sleep_for(kPauses[retries++]);
      continue;
    }
    target = target.subspan(static_cast<size_t>(got));
    offset += static_cast<uint64_t>(got);
  }
}

}  // namespace dermatome
