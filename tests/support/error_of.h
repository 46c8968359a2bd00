// The message of an expected error.
#pragma once

#include <functional>
#include <string>

#include "src/core/error.h"

namespace dermatome {

// The message of the DataError or ConfigError that `action` throws; "" if it throws neither.
inline std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const DataError& error) {
    return error.what();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "";
}

}  // namespace dermatome
