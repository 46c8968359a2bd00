// Preloaded, makes pread() fail as a file server that is away does:
//   FLAKY_READS=N  the first N calls fail with EIO
// HDF5's own calls are left alone: it gives a shard up at the first error.
#include <dlfcn.h>
#include <sys/types.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace {

bool fails() {
  static std::atomic<long> left = [] {
    const char* number = std::getenv("FLAKY_READS");
    return number == nullptr ? 0L : std::strtol(number, nullptr, 10);
  }();
  return left.fetch_sub(1) > 0;
}

using Read = ssize_t (*)(int, void*, size_t, off_t);

bool is_hdf5(const void* caller) {
  Dl_info info;
  return dladdr(caller, &info) != 0 && std::strstr(info.dli_fname, "hdf5") != nullptr;
}

ssize_t read_or_fail(const char* name, const void* caller, int file, void* target, size_t size,
                     off_t offset) {
  if (!is_hdf5(caller) && fails()) {
    errno = EIO;
    return -1;
  }
  const auto read = reinterpret_cast<Read>(dlsym(RTLD_NEXT, name));
  return read(file, target, size, offset);
}

}  // namespace

extern "C" ssize_t pread(int file, void* target, size_t size, off_t offset) {
  return read_or_fail("pread", __builtin_return_address(0), file, target, size, offset);
}

extern "C" ssize_t pread64(int file, void* target, size_t size, off_t offset) {
  return read_or_fail("pread64", __builtin_return_address(0), file, target, size, offset);
}
