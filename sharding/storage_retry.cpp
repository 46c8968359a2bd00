#include "sharding/storage_retry.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// The pauses between tries: 8.5 s in all, for a file server to come back.
constexpr std::array<std::chrono::milliseconds, 4> kPauses = {
    std::chrono::milliseconds(100), std::chrono::milliseconds(400), std::chrono::milliseconds(1600),
    std::chrono::milliseconds(6400)};

}  // namespace

bool may_pass(int error) {
  constexpr std::array kErrors = {EIO,       EAGAIN,    ESTALE,      ETIMEDOUT,
                                  ENETDOWN,  EHOSTDOWN, ENETUNREACH, EHOSTUNREACH,
                                  EREMOTEIO, ECOMM,     ENOTCONN,    ESHUTDOWN};
  return std::ranges::find(kErrors, error) != kErrors.end();
}

void fail_to_open(const std::string& problem, int error, Opening opening, const char* remedy) {
  const std::string reason = text(": ", std::strerror(error));
  if (may_pass(error)) throw StorageFailure(problem + reason);
  if (opening == Opening::kFirst) throw DataError(text(problem, reason, remedy));
  throw StorageFailure(
      text(problem, ", which was open before: its storage is gone or fails", reason));
}

void wait_for_storage(const StorageFailure& failure, size_t retries) {
  if (retries == kPauses.size()) {
    throw StorageLost(text(failure.what(), ", also when tried ", retries,
                           " times again; check the file system, then continue"));
  }
  log_warning(text(failure.what(), "; trying again"));
  std::this_thread::sleep_for(kPauses[retries]);
}

}  // namespace dermatome
