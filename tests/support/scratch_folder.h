// A place for the files of a test.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>
#include <system_error>

namespace dermatome {

// The running test's own, empty folder. It is removed when the test program ends.
inline std::filesystem::path scratch_folder() {
  struct OfProcess {
    std::filesystem::path path = std::filesystem::path(testing::TempDir()) /
                                 ("dermatome_test." + std::to_string(::getpid()));
    ~OfProcess() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  };
  static const OfProcess of_process;
  const auto* test = testing::UnitTest::GetInstance()->current_test_info();
  const auto folder = of_process.path / test->test_suite_name() / test->name();
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

}  // namespace dermatome
