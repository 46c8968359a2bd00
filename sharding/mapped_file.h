// A read-only file, mapped for what is looked up and read for what is streamed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace dermatome {

// Safe to use from any number of threads.
class MappedFile {
 public:
  // Throws DataError.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  uint64_t size() const { return size_; }
  // The mapping. Costs address space only; pages come as they are touched.
  std::span<const std::byte> view() const { return {data_, size_}; }
  // Fills `target` from `offset` on by pread, so that a failing disk is an exception, not a signal.
  // An error that may pass is waited for, a few times, up to ten seconds. Throws DataError.
  void read(uint64_t offset, std::span<std::byte> target) const;

 private:
  std::filesystem::path path_;
  int fd_ = -1;
  uint64_t size_ = 0;
  const std::byte* data_ = nullptr;
};

}  // namespace dermatome
