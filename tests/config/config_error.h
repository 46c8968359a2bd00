// What a call complains about, and files for it to complain about.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "src/core/error.h"
#include "tests/support/scratch_folder.h"

namespace dermatome {

// The message of the ConfigError that `call` throws; the test fails if it throws none.
template <typename Call>
std::string config_error(Call call) {
  try {
    call();
  } catch (const ConfigError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no ConfigError";
  return {};
}

// Writes `yaml` to a file `name`, the only one of the running test.
inline std::filesystem::path write_yaml(const std::string& yaml, const std::string& name) {
  const std::filesystem::path path = scratch_folder() / name;
  std::ofstream(path) << yaml;
  return path;
}

// The ConfigError that `load(path)` throws, with the file's folder left out of it.
template <typename Load>
std::string complaint_about(const std::filesystem::path& path, Load load) {
  std::string message = config_error([&] { load(path); });
  const std::string folder = path.parent_path().string() + "/";
  for (size_t at = 0; (at = message.find(folder, at)) != std::string::npos;) {
    message.erase(at, folder.size());
  }
  return message;
}

}  // namespace dermatome
