// Says which mutex guards which member, and lets clang check it: with -Wthread-safety an access to
// a member GUARDED_BY(mutex) without that mutex is an error (tools/check_locks.py). Other compilers
// see plain code. std::mutex has no such annotations, hence Mutex and MutexLock around it.
#pragma once

#include <condition_variable>
#include <mutex>

#ifdef __clang__
#define DERMATOME_ANNOTATION(x) __attribute__((x))
#else
#define DERMATOME_ANNOTATION(x)
#endif

// After a member: it may be used only while `mutex` is held.
#define GUARDED_BY(mutex) DERMATOME_ANNOTATION(guarded_by(mutex))
// After a function's or a lambda's parameters: its caller holds `mutex`.
#define REQUIRES(mutex) DERMATOME_ANNOTATION(requires_capability(mutex))

namespace dermatome {

class DERMATOME_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() DERMATOME_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() DERMATOME_ANNOTATION(release_capability()) { mutex_.unlock(); }
  bool try_lock() DERMATOME_ANNOTATION(try_acquire_capability(true)) { return mutex_.try_lock(); }

 private:
  std::mutex mutex_;
};

// Holds a mutex until the end of its scope; may be unlocked and locked again before. A
// ConditionVariable waits with it.
class DERMATOME_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) DERMATOME_ANNOTATION(acquire_capability(mutex)) : lock_(mutex) {}
  // Takes over a mutex that the caller has locked.
  MutexLock(Mutex& mutex, std::adopt_lock_t adopt) REQUIRES(mutex) : lock_(mutex, adopt) {}
  ~MutexLock() DERMATOME_ANNOTATION(release_capability()) {}
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

  void lock() DERMATOME_ANNOTATION(acquire_capability()) { lock_.lock(); }
  void unlock() DERMATOME_ANNOTATION(release_capability()) { lock_.unlock(); }

 private:
  std::unique_lock<Mutex> lock_;
};

using ConditionVariable = std::condition_variable_any;

}  // namespace dermatome
