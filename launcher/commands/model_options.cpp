#include "launcher/commands/model_options.h"

#include <map>

#include "src/core/error.h"

namespace dermatome {

void add_device_option(CLI::App& command, RuntimeOptions& runtime) {
  command.add_option("--device", runtime.device, "auto, cpu or cuda")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, DeviceChoice>{{"auto", DeviceChoice::kAuto},
                                              {"cpu", DeviceChoice::kCpu},
                                              {"cuda", DeviceChoice::kCuda}}));
}

void add_model_options(CLI::App& command, ModelUse& use) {
  command.add_option("--batch-size", use.batch_size, "Pictures or texts an encode call, a rank")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command.add_option("--precision", use.precision, "fp32 or amp_bf16")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Precision>{
          {"fp32", Precision::kFp32}, {"amp_bf16", Precision::kAmpBf16}}));
  add_device_option(command, use.runtime);
  command.add_option("--threads", use.runtime.threads, "Threads a rank; 0: its cores");
}

void require_one_rank(const Runtime& runtime, const std::string& command) {
  if (runtime.world().size == 1) return;
  throw ConfigError("dermatome " + command + " runs on one rank, not on " +
                    std::to_string(runtime.world().size));
}

}  // namespace dermatome
