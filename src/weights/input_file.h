// A file that is read in pieces, at offsets that its own content gives.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace dermatome {

class InputFile {
 public:
  // Throws DataError if `path` cannot be opened or is not a regular file.
  explicit InputFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }

  // Throws DataError unless the file has `bytes` bytes at `offset`.
  void read(uint64_t offset, void* out, uint64_t bytes);

  // Throws DataError with the message "PATH: PROBLEM".
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  std::filesystem::path path_;
  std::ifstream stream_;
  uint64_t size_ = 0;
};

}  // namespace dermatome
