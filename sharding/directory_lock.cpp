#include "sharding/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// 0, or the errno of the failure.
int lock(int descriptor, int operation) {
  int reason = EINTR;
  while (reason == EINTR) reason = ::flock(descriptor, operation) == 0 ? 0 : errno;
  return reason;
}

}  // namespace

DirectoryLock::DirectoryLock(const std::filesystem::path& directory, WhenLocked when_locked)
    : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0) {
    throw DataError(text("cannot open ", directory, ": ", std::strerror(errno)));
  }
  int reason = lock(descriptor_, LOCK_EX | LOCK_NB);
  if (reason == EWOULDBLOCK && when_locked == WhenLocked::kWait) {
    log_info(directory.string() + ": another process writes there; waiting for it to end");
    reason = lock(descriptor_, LOCK_EX);
  }
  if (reason == 0) return;
  if (reason == EWOULDBLOCK) {
    ::close(descriptor_);
    throw ConfigError(
        text(directory,
             ": another process writes there; wait for it to end. Ranks that work together are "
             "started by one launcher (mpirun, srun or `dermatome launch`)"));
  }
  log_warning(text(directory, ": no lock (", std::strerror(reason),
                   "); make sure that only one process writes there"));
}

DirectoryLock::~DirectoryLock() { ::close(descriptor_); }

}  // namespace dermatome
