// Log lines on standard error. spdlog stays behind this header: LibTorch brings another version of
// its fmt library.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace dermatome {

// Lines read `date,time | level | message`; with more than one rank they also name the rank.
// Ranks above 0 log only warnings and errors.
void initialize_logging(int rank, int world_size);

// From now on log lines are also appended to `path`, and no longer to the file of an earlier call.
// The first file begins with the lines so far. Throws DataError.
void log_to_file(const std::filesystem::path& path);

// The training step that is being computed, counted from 1: error lines name it from now on.
void set_log_step(int64_t step);

void log_info(const std::string& message);
void log_warning(const std::string& message);
void log_error(const std::string& message);

// printf's formatting into a string, for numbers in messages.
[[gnu::format(printf, 1, 2)]] std::string format(const char* pattern, ...);

}  // namespace dermatome
