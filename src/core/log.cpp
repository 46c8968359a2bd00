#include "src/core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>

#include "src/core/live_line.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::atomic<int64_t> current_step{0};  // 0: no step has begun

}  // namespace

void initialize_logging(int rank, int world_size) {
  static const auto logger = spdlog::stderr_color_mt("dermatome");
  spdlog::set_default_logger(logger);
  const std::string who = world_size > 1 ? text(" | rank ", rank) : "";
  spdlog::set_pattern("%Y-%m-%d,%H:%M:%S" + who + " | %^%l%$ | %v");
  spdlog::set_level(rank == 0 ? spdlog::level::info : spdlog::level::warn);
  allow_live_line(rank == 0);
}

void set_log_step(int64_t step) { current_step = step; }

void log_info(const std::string& message) {
  if (!spdlog::should_log(spdlog::level::info)) return;
  const AboveLiveLine above;
  spdlog::info(message);
}

void log_warning(const std::string& message) {
  const AboveLiveLine above;
  spdlog::warn(message);
}

void log_error(const std::string& message) {
  clear_live_line();  // the process may end now
  const AboveLiveLine above;
  const int64_t step = current_step;
  spdlog::error(step > 0 ? text("step ", step, ": ", message) : message);
}

std::string format(const char* pattern, ...) {
  va_list arguments;
  va_start(arguments, pattern);
  va_list again;
  va_copy(again, arguments);
  std::string text(static_cast<size_t>(std::vsnprintf(nullptr, 0, pattern, arguments)), '\0');
  va_end(arguments);
  std::vsnprintf(text.data(), text.size() + 1, pattern, again);
  va_end(again);
  return text;
}

}  // namespace dermatome
