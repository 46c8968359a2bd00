// The message of an expected error.
#pragma once

#include <functional>
#include <string>

#include "src/core/error.h"

namespace dermatome {

// What the DataError or ConfigError thrown by `action` says; "" when nothing is thrown.
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
