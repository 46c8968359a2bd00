#include "src/weights/input_file.h"

#include <cerrno>
#include <cstring>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {

InputFile::InputFile(const std::filesystem::path& path)
    : path_(path), stream_(path, std::ios::binary) {
  if (!stream_) fail(text("cannot be opened: ", std::strerror(errno)));
  stream_.seekg(0, std::ios::end);
  const std::streamoff size = stream_.tellg();
  if (size < 0) fail("cannot be read: it is not a regular file");
  size_ = static_cast<uint64_t>(size);
}

void InputFile::read(uint64_t offset, void* out, uint64_t bytes) {
  stream_.clear();
  stream_.seekg(static_cast<std::streamoff>(offset));
  stream_.read(static_cast<char*>(out), static_cast<std::streamsize>(bytes));
  if (!stream_) fail(text("cannot be read at byte ", offset));
}

void InputFile::fail(const std::string& problem) const {
  throw DataError(text(path_, ": ", problem));
}

}  // namespace dermatome
