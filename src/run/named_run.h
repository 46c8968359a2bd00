// A run or a checkpoint as a user names it: RUN, RUN:STEP or a checkpoint's directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace dermatome {

struct NamedRun {
  std::filesystem::path directory;  // of a run or a checkpoint; RUN itself if it is neither
  std::optional<int64_t> step;
  std::filesystem::path beside;  // the folder in which runs beside it lie
};

// Reads `given`. RUN is a directory, or the name of a run in `output`.
NamedRun read_run_name(const std::string& given, const std::filesystem::path& output);

// The step of the checkpoint that is named, every file of which is verified; without a step it is
// the newest one that verifies. Throws DataError that begins with `where`; for a run that does not
// exist it says what no_such_run() says.
int64_t find_step(const NamedRun& named, const std::string& where);

// Where the checkpoint of `step` lies. `step`: what find_step() returned, on this rank or another
// one.
std::filesystem::path checkpoint_of(const NamedRun& named, int64_t step);

// For messages: "there is no such run", and which ones are there: "the nearest one in runs is
// first", or all, or none.
std::string no_such_run(const NamedRun& named);

}  // namespace dermatome
