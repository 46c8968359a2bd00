// A file that is read in pieces, from places that it names itself.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace dermatome {

class InputFile {
 public:
  // Throws DataError for what cannot be opened or is no regular file.
  explicit InputFile(const std::filesystem::path& path);

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }

  // Throws DataError unless the file has `bytes` bytes at `offset`.
  void read(uint64_t offset, void* out, uint64_t bytes);

  // Throws DataError: PATH: PROBLEM
  [[noreturn]] void fail(const std::string& problem) const;

 private:
  std::filesystem::path path_;
  std::ifstream stream_;
  uint64_t size_ = 0;
};

}  // namespace dermatome
