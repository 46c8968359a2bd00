// A read-only file on storage that may be slow, stall or vanish.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "sharding/storage_retry.h"

namespace dermatome {

// Ends messages about a shard that is damaged, truncated or missing.
inline constexpr const char* kShardRemedy =
    "; copy it again, or run `dermatome shard` again with the same arguments, which keeps the "
    "shards that are whole";

// Read by pread, never mapped: when a file system vanishes, a mapping ends the process by a signal,
// a read fails with an error. Safe to use from any number of threads. After an error that may pass,
// the file is opened again, up to four times in ten seconds, and must still have its size. A file
// that was open before and cannot be opened again, for whatever reason, is waited for as well: a
// mount that went away knows no file.
class StoredFile {
 public:
  // Throws DataError, StorageLost; `remedy` ends its messages where the file, and not its storage,
  // is to blame.
  explicit StoredFile(const std::filesystem::path& path, Opening opening = Opening::kFirst,
                      const char* remedy = kShardRemedy);
  ~StoredFile();
  StoredFile(const StoredFile&) = delete;
  StoredFile& operator=(const StoredFile&) = delete;

  uint64_t size() const { return size_; }
  // Fills `target` from `offset` on. Throws DataError, StorageLost.
  void read(uint64_t offset, std::span<std::byte> target) const;

 private:
  void reopen() const;

  std::filesystem::path path_;
  const char* remedy_;
  int fd_ = -1;
  uint64_t size_ = 0;
};

// The whole content of `path`. Throws DataError, StorageLost where the storage is to blame.
std::string read_stored_file(const std::filesystem::path& path);

}  // namespace dermatome
