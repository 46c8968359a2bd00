#include "src/core/owner_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <future>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "src/core/clock.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;

std::string identity_text(const ProcessIdentity& p) {
  const json fields = {{"host", p.host},       {"process", p.process},   {"started", p.started},
                       {"machine", p.machine}, {"numbers", p.numbers},   {"job", p.job},
                       {"cluster", p.cluster}, {"restarts", p.restarts}, {"since", p.since},
                       {"token", p.token}};
  return fields.dump(1, ' ', /*ensure_ascii=*/false, json::error_handler_t::replace) + "\n";
}

// nullopt: the text is of another kind, or its writer has not written all of it.
std::optional<ProcessIdentity> identity_from(const std::string& content) {
  const json fields = json::parse(content, nullptr, /*allow_exceptions=*/false);
  if (!fields.is_object()) return std::nullopt;
  ProcessIdentity p;
  try {
    for (const auto& [key, value] :
         std::initializer_list<std::pair<const char*, std::string&>>{{"host", p.host},
                                                                     {"machine", p.machine},
                                                                     {"numbers", p.numbers},
                                                                     {"job", p.job},
                                                                     {"cluster", p.cluster},
                                                                     {"since", p.since},
                                                                     {"token", p.token}}) {
      value = fields.at(key).get<std::string>();
    }
    for (const auto& [key, value] : std::initializer_list<std::pair<const char*, int64_t&>>{
             {"process", p.process}, {"started", p.started}, {"restarts", p.restarts}}) {
      value = fields.at(key).get<int64_t>();
    }
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return p;
}

std::string owner_name(const std::string& content) {
  const auto owner = identity_from(content);
  return owner ? describe(*owner) : "another process";
}

// The content of `file`; nullopt if it does not exist. Throws DataError.
std::optional<std::string> content_of(const fs::path& file) {
  try {
    return read_file(file);
  } catch (const DataError&) {
    std::error_code error;
    if (fs::exists(file, error) || error) throw;
    return std::nullopt;
  }
}

// Creates `file`; false if it exists. Throws DataError.
bool create_file(const fs::path& file, const std::string& content) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0 && errno == EEXIST) return false;
  bool written = descriptor >= 0 && ::write(descriptor, content.data(), content.size()) ==
                                        static_cast<ssize_t>(content.size());
  if (descriptor >= 0) written = ::close(descriptor) == 0 && written;
  if (written) return true;
  const std::string reason = std::strerror(errno);
  if (descriptor >= 0) ::unlink(file.c_str());
  throw DataError(text("cannot create ", file, ": ", reason));
}

// The file that only one process can create, which then may replace or remove `file`.
fs::path right_to_change(const fs::path& file, const std::string& content) {
  const auto owner = identity_from(content);
  return text(file, ".after.", owner ? owner->token : "unknown");
}

// Removes the owner's own file, unless another process takes it over at this moment.
void remove_own(const fs::path& file, const std::string& content) {
  try {
    if (content_of(file) != content) return;
    const fs::path right = right_to_change(file, content);
    if (!create_file(right, content)) return;
    std::error_code ignored;
    if (content_of(file) == content) fs::remove(file, ignored);
    fs::remove(right, ignored);
  } catch (const DataError& error) {
    log_warning(error.what());
  }
}

// The files of this process, with their contents.
struct OwnFiles {
  Mutex mutex;
  std::map<fs::path, std::string> files GUARDED_BY(mutex);
};

// It is never destroyed: any thread may end the process.
OwnFiles& own_files() {
  static auto* const all = new OwnFiles;
  return *all;
}

// From now on no sign of life may write a file again.
std::atomic<bool> process_ends{false};

}  // namespace

OwnerFile::OwnerFile(fs::path file, OwnerWords words, const ProcessIdentity& self, OwnerTimes times)
    : file_(std::move(file)),
      words_(std::move(words)),
      times_(times),
      self_(self),
      content_(identity_text(self)) {
  acquire(file_);
  OwnFiles& all = own_files();
  const MutexLock lock(all.mutex);
  all.files[file_] = content_;
  beats_ = std::jthread([this](const std::stop_token& stop) { show_life_until(stop); });
}

OwnerFile::~OwnerFile() {
  beats_.request_stop();
  beats_.join();
  remove_own(file_, content_);
  OwnFiles& all = own_files();
  const MutexLock lock(all.mutex);
  all.files.erase(file_);
}

void OwnerFile::acquire(const fs::path& file) {
  const auto end = Clock::now() + times_.patience;
  while (!create_file(file, content_)) {
    const auto seen = content_of(file);
    if (!seen) {
      // Removed at this moment, or not yet seen by this machine, or a link to nothing.
      if (Clock::now() > end) {
        throw DataError(text(file, " can neither be created nor read; remove it"));
      }
      std::this_thread::sleep_for(std::min(times_.patience / 10, milliseconds(200)));
    }
    const Life life = seen ? life_of(file, *seen) : Life::kUnknown;
    if (life == Life::kUnknown) continue;
    if (life == Life::kRuns) {
      throw ConfigError(text(file_.parent_path(), " is already ", words_.doing, " by ",
                             owner_name(*seen), "; ", words_.advice,
                             ". If that process does not run any more, remove ", file));
    }
    const fs::path right = right_to_change(file, *seen);
    acquire(right);
    const bool same = content_of(file) == seen;
    if (same) write_file_atomically(file, content_);
    fs::remove(right);
    if (!same) continue;
    log_info(text(file_.parent_path(), " was ", words_.doing, " by ", owner_name(*seen),
                  ", which does not run any more; this process takes over"));
    return;
  }
}

OwnerFile::Life OwnerFile::life_of(const fs::path& file, const std::string& content) const {
  if (const auto owner = identity_from(content)) {
    const bool same_job =
        !self_.job.empty() && owner->job == self_.job && owner->cluster == self_.cluster;
    if (same_job && owner->restarts < self_.restarts) return Life::kGone;
    if (can_look_up(*owner)) return is_running(*owner) ? Life::kRuns : Life::kGone;
    log_info(text(file_.parent_path(), " is ", words_.doing, " by ", describe(*owner),
                  "; waiting for a sign of life from it, for at most ",
                  std::chrono::ceil<std::chrono::seconds>(times_.patience).count(), " s"));
  }
  const auto touched = [&file] {
    std::error_code ignored;
    return fs::last_write_time(file, ignored);
  };
  const auto last = touched();
  const auto end = Clock::now() + times_.patience;
  while (Clock::now() < end) {
    std::this_thread::sleep_for(std::min(times_.patience / 10, milliseconds(200)));
    // Opening the file makes an NFS ask its server for the file's state.
    if (content_of(file) != content) return Life::kUnknown;
    if (touched() != last) return Life::kRuns;
  }
  return Life::kGone;
}

void OwnerFile::show_life() {
  if (process_ends) return;
  try {
    const auto content = content_of(file_);
    if (!content) {
      if (!process_ends && create_file(file_, content_))
        log_warning(text(file_, " was removed; it is there again"));
      return;
    }
    if (content == content_) {
      ::utimensat(AT_FDCWD, file_.c_str(), nullptr, 0);
      return;
    }
    const MutexLock lock(mutex_);
    loss_ = text(file_.parent_path(), " is now ", words_.doing, " by ", owner_name(*content),
                 ", which saw no sign of life from this process and took it for dead (it was "
                 "stopped, or cut off from its files); this process ends");
  } catch (const DataError&) {
    // Storage may be away for a while; the next time tells.
  }
}

void OwnerFile::show_life_until(const std::stop_token& stop) {
  for (;;) {
    {
      MutexLock lock(mutex_);
      if (ended_.wait_for(lock, stop, times_.beat, [] { return false; }) || stop.stop_requested()) {
        return;
      }
    }
    show_life();
  }
}

void OwnerFile::check(bool looks) {
  if (looks) show_life();
  const MutexLock lock(mutex_);
  if (!loss_.empty()) throw ConfigError(loss_);
}

void release_owner_files(milliseconds patience) {
  process_ends = true;
  OwnFiles& all = own_files();
  std::map<fs::path, std::string> files;
  {
    const MutexLock lock(all.mutex);
    files = all.files;
  }
  if (files.empty()) return;
  const auto done = std::make_shared<std::promise<void>>();
  std::thread([done, files] {
    for (const auto& [file, content] : files) remove_own(file, content);
    done->set_value();
  }).detach();
  done->get_future().wait_for(patience);
}

}  // namespace dermatome
