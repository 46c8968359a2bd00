// Lets one process at a time write to a directory.
#pragma once

#include <filesystem>

namespace dermatome {

enum class WhenLocked { kRefuse, kWait };

class DirectoryLock {
 public:
  // Locks `directory` until the end of the object's life. While another process holds it, throws
  // ConfigError or waits; warns where the file system has no locks.
  explicit DirectoryLock(const std::filesystem::path& directory,
                         WhenLocked when_locked = WhenLocked::kRefuse);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace dermatome
