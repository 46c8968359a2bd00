// Lets one process at a time work on a folder, by a file that names the process.
//
// It needs no locks of the file system, which some network file systems lack. Creating a file is
// what only one process can do. Who finds the file looks whether its process still runs: on the
// same machine by its number; a requeued Slurm job has left no process; of any other process a sign
// of life is awaited, because the owner touches its file every few seconds. A file whose process is
// gone is replaced by the one process that could create a second file, FILE.after.TOKEN, named
// after the dead owner: of several that start at once, one replaces it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "src/core/process_identity.h"
#include "src/core/thread_annotations.h"

namespace dermatome {

struct OwnerTimes {
  std::chrono::milliseconds beat{5000};       // between an owner's signs of life
  std::chrono::milliseconds patience{30000};  // to wait for one
};

// What messages about a folder say.
struct OwnerWords {
  std::string doing;   // "trained": "FOLDER is already trained by process 12"
  std::string advice;  // "wait until it ends"
};

class OwnerFile {
 public:
  // Owns the folder of `file`, which exists, until the end of the object's life, which removes the
  // file. Throws ConfigError that names the owner if another process has the folder; DataError. May
  // wait for `times.patience`.
  OwnerFile(std::filesystem::path file, OwnerWords words,
            const ProcessIdentity& self = own_identity(), OwnerTimes times = {});
  ~OwnerFile();
  OwnerFile(const OwnerFile&) = delete;
  OwnerFile& operator=(const OwnerFile&) = delete;

  // Throws ConfigError if another process has taken the folder, because this one was stopped, or
  // cut off, for so long that it was taken for dead. It reads the file only if `looks` is true;
  // else it says what was seen at the last sign of life.
  void check(bool looks = false);

 private:
  enum class Life { kRuns, kGone, kUnknown };  // unknown: the file has changed meanwhile

  void acquire(const std::filesystem::path& file);
  Life life_of(const std::filesystem::path& file, const std::string& content) const;
  void show_life();
  void show_life_until(const std::stop_token& stop);

  const std::filesystem::path file_;
  const OwnerWords words_;
  const OwnerTimes times_;
  const ProcessIdentity self_;
  const std::string content_;  // of the file while this process owns it

  Mutex mutex_;
  ConditionVariable ended_;
  std::string loss_ GUARDED_BY(mutex_);  // what check() throws; empty: nothing is lost
  std::jthread beats_;
};

// Removes the files of all owners in this process, which is about to end without calling
// destructors. Waits for at most `patience`: storage may be away.
void release_owner_files(std::chrono::milliseconds patience);

}  // namespace dermatome
