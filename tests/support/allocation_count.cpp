#include "tests/support/allocation_count.h"

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <new>

// glibc's own names of the functions that this file replaces.
// NOLINTBEGIN(readability-identifier-naming)
extern "C" {
void* __libc_malloc(size_t size);
void* __libc_calloc(size_t count, size_t size);
void* __libc_realloc(void* memory, size_t size);
void* __libc_memalign(size_t alignment, size_t size);
}
// NOLINTEND(readability-identifier-naming)

namespace {

std::atomic<int64_t> count{0};
std::atomic<int64_t> new_count{0};

}  // namespace

extern "C" {

void* malloc(size_t size) noexcept {
  ++count;
  return __libc_malloc(size);
}

void* calloc(size_t number, size_t size) noexcept {
  ++count;
  return __libc_calloc(number, size);
}

void* realloc(void* memory, size_t size) noexcept {
  ++count;
  return __libc_realloc(memory, size);
}

void* aligned_alloc(size_t alignment, size_t size) noexcept {
  ++count;
  return __libc_memalign(alignment, size);
}

int posix_memalign(void** memory, size_t alignment, size_t size) noexcept {
  ++count;
  *memory = __libc_memalign(alignment, size);
  return *memory == nullptr ? ENOMEM : 0;
}
}

void* operator new(size_t size) {
  ++new_count;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}

void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t /*size*/) noexcept { std::free(memory); }

namespace dermatome {

AllocationCount count_of_allocations() { return {count, new_count}; }

}  // namespace dermatome
