#include "src/core/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>
#include <vector>

#include "src/core/error.h"

namespace dermatome {
namespace {

constexpr const char* kTemporary = ".tmp.";

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  throw DataError(what + " " + path.string() + ": " + std::strerror(errno));
}

class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : fd_(::open(path.c_str(), flags, 0644)) {
    if (fd_ < 0) fail("cannot open", path);
  }
  ~Descriptor() { ::close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

}  // namespace

std::string read_file(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY | O_CLOEXEC);
  std::string content;
  char buffer[1 << 16];
  for (;;) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("cannot read", path);
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
  }
}

void replace_atomically(const std::filesystem::path& path, const WriteFunction& write) {
  const std::filesystem::path temporary =
      path.string() + kTemporary + std::to_string(static_cast<long>(::getpid()));
  try {
    std::filesystem::remove_all(temporary);
    write(temporary);
    sync_path(temporary);
    // A directory is not replaced by renaming another one to its name.
    if (std::filesystem::is_directory(temporary)) std::filesystem::remove_all(path);
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
      fail("cannot rename " + temporary.string() + " to", path);
    }
  } catch (...) {
    // Not left to a destructor: an error that nobody catches ends the process without unwinding.
    std::error_code ignored;
    std::filesystem::remove_all(temporary, ignored);
    throw;
  }
  sync_path(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  replace_atomically(path, [&](const std::filesystem::path& temporary) {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC);
    std::string_view left = content;
    while (!left.empty()) {
      const ssize_t put = ::write(file.get(), left.data(), left.size());
      if (put < 0 && errno == EINTR) continue;
      if (put < 0) fail("cannot write", temporary);
      left.remove_prefix(static_cast<size_t>(put));
    }
  });
}

void remove_leftovers(const std::filesystem::path& directory) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.path().filename().string().find(kTemporary) != std::string::npos) {
      found.push_back(entry.path());
    }
  }
  for (const auto& path : found) std::filesystem::remove_all(path);
}

void make_directories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw DataError("cannot create " + path.string() + ": " + error.message());
}

void sync_path(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY | O_CLOEXEC);
  if (::fsync(file.get()) != 0) fail("cannot sync", path);
}

}  // namespace dermatome
