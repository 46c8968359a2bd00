#include "launcher/commands/model_options.h"

#include <ATen/ATen.h>
#include <unistd.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>

#include "src/config/model_options.h"
#include "src/config/runtime_options.h"
#include "src/core/error.h"
#include "src/core/json_text.h"
#include "src/core/live_line.h"
#include "src/core/text.h"
#include "src/eval/result_table.h"
#include "src/run/checkpoint.h"
#include "src/run/run_directory.h"

namespace dermatome {

void add_device_option(CLI::App& command, RuntimeOptions& runtime) {
  command.add_option("--device", runtime.device, "auto, cpu or cuda")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, DeviceChoice>{{"auto", DeviceChoice::kAuto},
                                              {"cpu", DeviceChoice::kCpu},
                                              {"cuda", DeviceChoice::kCuda}}));
}

void add_model_options(CLI::App& command, ModelUse& use) {
  command.add_option("--batch-size", use.batch_size, "Images or texts per encode call of a rank")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--precision", use.precision, "fp32 or amp_bf16")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Precision>{
          {"fp32", Precision::kFp32}, {"amp_bf16", Precision::kAmpBf16}}));
  add_device_option(command, use.runtime);
  command.add_option("--threads", use.runtime.threads, "Threads per rank; 0: its cores");
}

std::string find_checkpoint(const std::string& given, Runtime& runtime) {
  const std::filesystem::path of_run = RunDirectory(given).checkpoints();
  constexpr int64_t kAsGiven = -1;
  // Rank 0 looks, so that all ranks use the same checkpoint.
  at::Tensor step = at::full({1}, kAsGiven, at::kLong);
  if (runtime.world().rank == 0 && std::filesystem::is_directory(of_run)) {
    const auto newest = find_newest_checkpoint(of_run);
    if (!newest) throw DataError(of_run.string() + " holds no checkpoint yet");
    step.fill_(newest->step);
  }
  step = step.to(runtime.device());
  runtime.collectives().broadcast(step, 0, "checkpoint to use");
  const auto found = step.item<int64_t>();
  return found == kAsGiven ? given : checkpoint_path(of_run, found).string();
}

void print_result(const nlohmann::ordered_json& result, bool as_json) {
  const bool as_table = !as_json && terminal_columns(STDOUT_FILENO) > 0;
  const std::string shown = as_table ? result_table(result) : json_line(result) + "\n";
  const AboveLiveLine above;
  std::cout << shown << std::flush;
}

void require_one_rank(const Runtime& runtime, const std::string& command) {
  if (runtime.world().size == 1) return;
  throw ConfigError(
      text("dermatome ", command, " runs on one rank, not on ", runtime.world().size));
}

}  // namespace dermatome
