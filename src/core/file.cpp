#include "src/core/file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <system_error>
#include <vector>

#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Stands between a file's name and the number of the process that writes it.
constexpr std::string_view kTemporary = ".tmp.";

[[noreturn]] void fail(const std::string& what, const std::filesystem::path& path) {
  throw DataError(text(what, " ", path, ": ", std::strerror(errno)));
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

// The name that the temporary file `name` was to get; empty if `name` is not of a temporary file.
std::string target_of(const std::string& name) {
  const size_t end = name.rfind(kTemporary);
  if (end == std::string::npos) return "";
  const std::string_view process = std::string_view(name).substr(end + kTemporary.size());
  const bool is_number =
      !process.empty() && std::ranges::all_of(process, [](char c) { return c >= '0' && c <= '9'; });
  return is_number ? name.substr(0, end) : "";
}

void remove_entries(
    const std::filesystem::path& directory,
    const std::function<bool(const std::filesystem::directory_entry& entry)>& wanted) {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (wanted(entry)) found.push_back(entry.path());
  }
  for (const auto& path : found) std::filesystem::remove_all(path);
}

// Gives what `write` makes under a temporary name the name `path`. `may_remove`: an old directory
// of this name is removed first, because renaming replaces only an empty one.
void write_beside(const std::filesystem::path& path, const WriteFunction& write, bool may_remove) {
  const std::filesystem::path temporary = text(path, kTemporary, static_cast<long>(::getpid()));
  try {
    std::filesystem::remove_all(temporary);
    write(temporary);
    sync_path(temporary);
    if (may_remove && std::filesystem::is_directory(temporary)) std::filesystem::remove_all(path);
    if (std::rename(temporary.c_str(), path.c_str()) != 0) {
      fail(text("cannot rename ", temporary, " to"), path);
    }
  } catch (...) {
    // This is not left to a destructor, because an error that nobody catches ends the process
    // without calling destructors.
    std::error_code ignored;
    std::filesystem::remove_all(temporary, ignored);
    throw;
  }
  sync_path(path.has_parent_path() ? path.parent_path() : std::filesystem::path("."));
}

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
  write_beside(path, write, /*may_remove=*/true);
}

void create_directory_atomically(const std::filesystem::path& path, const WriteFunction& write) {
  write_beside(path, write, /*may_remove=*/false);
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

void write_stream_atomically(const std::filesystem::path& path, const WriteStream& write) {
  replace_atomically(path, [&](const std::filesystem::path& temporary) {
    std::ofstream stream(temporary, std::ios::binary | std::ios::trunc);
    write(stream);
    stream.close();
    if (!stream) throw DataError(text(path, ": cannot be written: ", std::strerror(errno)));
  });
}

void remove_leftovers(const std::filesystem::path& directory) {
  remove_entries(directory, [](const auto& entry) {
    return entry.path().filename().string().find(kTemporary) != std::string::npos;
  });
}

void remove_leftovers(const std::filesystem::path& directory, const std::set<std::string>& names) {
  remove_entries(directory, [&](const auto& entry) {
    return entry.is_regular_file() && names.contains(target_of(entry.path().filename().string()));
  });
}

void make_directories(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) throw DataError(text("cannot create ", path, ": ", error.message()));
}

void sync_path(const std::filesystem::path& path) {
  const Descriptor file(path, O_RDONLY | O_CLOEXEC);
  if (::fsync(file.get()) != 0) fail("cannot sync", path);
}

}  // namespace dermatome
