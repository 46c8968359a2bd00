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

DirectoryLock::DirectoryLock(const std::filesystem::path& directory)
    : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw DataError("cannot open " + directory.string() + ": " + std::strerror(errno));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) == 0) return;
  const int reason = errno;
  if (reason == EWOULDBLOCK) {
    ::close(descriptor_);
    throw ConfigError(directory.string() +
                      ": another process is building shards there; wait for it, and start one "
                      "process only (it uses threads, not ranks)");
  }
  log_warning(directory.string() + ": no lock (" + std::strerror(reason) +
              "); make sure that only one process builds shards there");
}

DirectoryLock::~DirectoryLock() { ::close(descriptor_); }

}  // namespace dermatome
