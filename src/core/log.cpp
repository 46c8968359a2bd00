#include "src/core/log.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/dist_sink.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cstdarg>
#include <cstdio>
#include <memory>

#include "src/core/error.h"
#include "src/core/live_line.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::atomic<int64_t> current_step{0};  // 0: no step has begun

constexpr size_t kEarlyLines = 1000;

// Where log lines go.
struct LogSinks {
  std::string pattern;
  // The lines so far, for the first file; null once it has them.
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> early =
      std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(kEarlyLines);
  std::shared_ptr<spdlog::sinks::basic_file_sink_mt> file;
  std::shared_ptr<spdlog::sinks::dist_sink_mt> all =
      std::make_shared<spdlog::sinks::dist_sink_mt>(std::vector<spdlog::sink_ptr>{
          std::make_shared<spdlog::sinks::stderr_color_sink_mt>(), early});
};

LogSinks& log_sinks() {
  static LogSinks sinks;
  return sinks;
}

}  // namespace

void initialize_logging(int rank, int world_size) {
  static const auto logger = std::make_shared<spdlog::logger>("dermatome", log_sinks().all);
  spdlog::set_default_logger(logger);
  const std::string who = world_size > 1 ? text(" | rank ", rank) : "";
  log_sinks().pattern = text("%Y-%m-%d,%H:%M:%S", who, " | %^%l%$ | %v");
  spdlog::set_pattern(log_sinks().pattern);
  spdlog::set_level(rank == 0 ? spdlog::level::info : spdlog::level::warn);
  logger->flush_on(spdlog::level::info);
  allow_live_line(rank == 0);
}

void log_to_file(const std::filesystem::path& path) {
  LogSinks& sinks = log_sinks();
  std::shared_ptr<spdlog::sinks::basic_file_sink_mt> file;
  try {
    file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
  } catch (const spdlog::spdlog_ex& error) {
    throw DataError(error.what());
  }
  if (!sinks.pattern.empty()) file->set_pattern(sinks.pattern);
  if (sinks.file) sinks.all->remove_sink(sinks.file);
  if (sinks.early) {
    for (const auto& line : sinks.early->last_raw()) file->log(line);
    file->flush();
    sinks.all->remove_sink(sinks.early);
    sinks.early.reset();
  }
  sinks.file = file;
  sinks.all->add_sink(file);
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
