// A preloaded library that makes reading data (shards, and images in PNG) fail as a lost file
// server does, including HDF5's own calls:
//   FLAKY_READS=N  after FLAKY_AFTER (default 0) calls of pread(), the next N calls fail with EIO
//   FLAKY_STALE=1  after FLAKY_AFTER calls of pread() the descriptor of the next call is stale:
//   this
//                  call and all later calls with the descriptor fail with ESTALE, until data are
//                  opened
//   FLAKY_OPENS=N  the first N attempts to open data fail with EIO
//   FLAKY_NAME=S   the files whose names end with S are the data, not shards and images
//   FLAKY_GONE=N   after the first read that failed with EIO, the next N attempts to open data fail
//                  with ENOENT, as when a mount has gone
#include "tests/support/flaky_reads.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace {

long number(const char* variable) {
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::strtol(text, nullptr, 10);
}

constexpr int kNone = -1;
std::atomic<int> stale_file{kNone};
std::array<std::atomic<bool>, 4096> holds_data{};  // by descriptor
std::atomic<bool> read_failed{false};
std::atomic<bool> stalled{false};
std::atomic<int> num_stalled{0};
std::atomic<std::chrono::milliseconds> delay{};

// The errno with which the read fails, or 0.
int read_error(int file) {
  static const long first = number("FLAKY_AFTER"), count = number("FLAKY_READS");
  static const bool becomes_stale = number("FLAKY_STALE") != 0;
  static std::atomic<long> calls{0};
  if (!holds_data.at(static_cast<size_t>(file))) return 0;
  const long call = calls++;
  if (becomes_stale && call == first) stale_file = file;
  if (file == stale_file) return ESTALE;
  if (call < first || call - first >= count) return 0;
  read_failed = true;
  return EIO;
}

void wait_while_stalled() {
  if (!stalled) return;
  ++num_stalled;
  stalled.wait(true);
  --num_stalled;
}

bool is_data(std::string_view path) {
  const char* name = std::getenv("FLAKY_NAME");
  if (name != nullptr) return path.ends_with(name);
  return path.ends_with(".h5") || path.ends_with(".png");
}

// The errno with which opening fails, or 0.
int open_error(std::string_view path) {
  static std::atomic<long> left{number("FLAKY_OPENS")}, gone{number("FLAKY_GONE")};
  if (!is_data(path)) return 0;
  if (left-- > 0) return EIO;
  return read_failed && gone-- > 0 ? ENOENT : 0;
}

using Read = ssize_t (*)(int, void*, size_t, off_t);
using Open = int (*)(const char*, int, ...);

ssize_t read_or_fail(const char* name, int file, void* target, size_t size, off_t offset) {
  wait_while_stalled();
  std::this_thread::sleep_for(delay.load());
  if (const int error = read_error(file); error != 0) {
    errno = error;
    return -1;
  }
  return reinterpret_cast<Read>(dlsym(RTLD_NEXT, name))(file, target, size, offset);
}

int open_or_fail(const char* name, const char* path, int flags, va_list arguments) {
  if (const int error = open_error(path); error != 0) {
    errno = error;
    return -1;
  }
  if (is_data(path)) stale_file = kNone;
  const auto open = reinterpret_cast<Open>(dlsym(RTLD_NEXT, name));
  const bool has_mode = (flags & (O_CREAT | __O_TMPFILE)) != 0;
  const int file = has_mode ? open(path, flags, va_arg(arguments, mode_t)) : open(path, flags);
  if (file >= 0) holds_data.at(static_cast<size_t>(file)) = is_data(path);
  return file;
}

}  // namespace

namespace dermatome {

StalledReads::StalledReads() { stalled = true; }

StalledReads::~StalledReads() {
  stalled = false;
  stalled.notify_all();
}

int StalledReads::num_waiting() { return num_stalled; }

SlowReads::SlowReads(std::chrono::milliseconds time) { delay = time; }

SlowReads::~SlowReads() { delay = std::chrono::milliseconds(0); }

}  // namespace dermatome

extern "C" {

ssize_t pread(int file, void* target, size_t size, off_t offset) {
  return read_or_fail("pread", file, target, size, offset);
}

ssize_t pread64(int file, void* target, size_t size, off_t offset) {
  return read_or_fail("pread64", file, target, size, offset);
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int file = open_or_fail("open", path, flags, arguments);
  va_end(arguments);
  return file;
}

int open64(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const int file = open_or_fail("open64", path, flags, arguments);
  va_end(arguments);
  return file;
}

}  // extern "C"
