// Measures elapsed time, and tells the time of day.
#pragma once

#include <chrono>
#include <ctime>
#include <string>

namespace dermatome {

using Clock = std::chrono::steady_clock;

inline double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// The time of day in UTC, "2026-11-29T12:50:49Z".
inline std::string utc_time() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char written[32];
  return {written, std::strftime(written, sizeof written, "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace dermatome
