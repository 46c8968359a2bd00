// Catches the error messages of calls, and writes the YAML files that the calls read.
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

// Empties the running test's scratch folder, then writes `yaml` to the file `name` in it.
inline std::filesystem::path write_yaml(const std::string& yaml, const std::string& name) {
  const std::filesystem::path path = scratch_folder() / name;
  std::ofstream(path) << yaml;
  return path;
}

// The message of the ConfigError that `load(path)` throws, without the name of the file's folder.
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
