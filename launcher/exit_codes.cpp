#include "launcher/exit_codes.h"

#include <c10/util/Exception.h>

#include <filesystem>

#include "src/core/error.h"

namespace dermatome {

int exit_code_of(const std::exception& error) {
  if (dynamic_cast<const ConfigError*>(&error) != nullptr) return kExitUsage;
  if (dynamic_cast<const StorageLost*>(&error) != nullptr) return kExitStorage;
  if (dynamic_cast<const DataError*>(&error) != nullptr) return kExitData;
  if (dynamic_cast<const std::filesystem::filesystem_error*>(&error) != nullptr) return kExitData;
  if (dynamic_cast<const CommunicationError*>(&error) != nullptr) return kExitPeerLost;
  // NCCL's errors after the start come from a thread of LibTorch, not through src/distributed/.
  if (dynamic_cast<const c10::DistError*>(&error) != nullptr) return kExitPeerLost;
  return kExitInternal;
}

}  // namespace dermatome
