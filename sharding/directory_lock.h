// One builder at a time in a directory.
#pragma once

#include <filesystem>

namespace dermatome {

class DirectoryLock {
 public:
  // Locks `directory` until the end of the object's life. Throws ConfigError while another process
  // holds it; warns where the file system has no locks.
  explicit DirectoryLock(const std::filesystem::path& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int descriptor_;
};

}  // namespace dermatome
