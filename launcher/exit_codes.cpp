#include "launcher/exit_codes.h"

#include "src/core/error.h"

namespace dermatome {

int exit_code_of(const std::exception& error) {
  if (dynamic_cast<const ConfigError*>(&error) != nullptr) return kExitUsage;
  if (dynamic_cast<const DataError*>(&error) != nullptr) return kExitData;
  if (dynamic_cast<const CommunicationError*>(&error) != nullptr) return kExitTryAgain;
  return kExitInternal;
}

}  // namespace dermatome
