#include "src/core/log.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <string>

namespace dermatome {

void initialise_logging(int rank, int world_size) {
  static const auto logger = spdlog::stderr_color_mt("dermatome");
  spdlog::set_default_logger(logger);
  const std::string who = world_size > 1 ? " | rank " + std::to_string(rank) : "";
  spdlog::set_pattern("%Y-%m-%d,%H:%M:%S" + who + " | %^%l%$ | %v");
  spdlog::set_level(rank == 0 ? spdlog::level::info : spdlog::level::warn);
}

}  // namespace dermatome
