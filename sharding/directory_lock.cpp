#include "sharding/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "src/core/error.h"
#include "src/core/log.h"

namespace dermatome {

DirectoryLock::DirectoryLock(const std::filesystem::path& directory, WhenLocked when_locked)
    : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw DataError("cannot open " + directory.string() + ": " + std::strerror(errno));
  }
  const int operation = LOCK_EX | (when_locked == WhenLocked::kRefuse ? LOCK_NB : 0);
  int reason = EINTR;
  while (reason == EINTR) {
    if (::flock(descriptor_, operation) == 0) return;
    reason = errno;
  }
  if (reason == EWOULDBLOCK) {
    ::close(descriptor_);
    throw ConfigError(directory.string() +
                      ": another process is building shards there; wait for it, and start one "
                      "process only (it uses threads, not ranks)");
  }
  log_warning(directory.string() + ": no lock (" + std::strerror(reason) +
              "); make sure that only one process writes there");
}

DirectoryLock::~DirectoryLock() { ::close(descriptor_); }

}  // namespace dermatome
