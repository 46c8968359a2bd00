#include "launcher/gpu_allocation.h"

#include <optional>

#include "src/core/text.h"

namespace dermatome {
namespace {

constexpr char kVisible[] = "CUDA_VISIBLE_DEVICES";

}  // namespace

bool gpus_are_hidden(const Environment& environment) {
  const std::optional<std::string> visible = environment(kVisible);
  // Slurm's value for a step without GPUs is NoDevFiles.
  return visible && (visible->empty() || *visible == "-1" || *visible == "NoDevFiles");
}

std::string given_gpus(const Environment& environment) {
  if (gpus_are_hidden(environment)) return "";
  // The first three list devices, of which "0" is one. The others are numbers of devices.
  for (const char* variable : {kVisible, "SLURM_STEP_GPUS", "SLURM_JOB_GPUS"}) {
    const std::string value = environment(variable).value_or("");
    if (!value.empty()) return text(variable, "=", value);
  }
  for (const char* variable : {"SLURM_GPUS_ON_NODE", "SLURM_GPUS", "SLURM_GPUS_PER_NODE",
                               "SLURM_GPUS_PER_SOCKET", "SLURM_GPUS_PER_TASK"}) {
    const std::string value = environment(variable).value_or("0");
    if (!value.empty() && value != "0") return text(variable, "=", value);
  }
  return "";
}

bool gpu_is_required(const Environment& environment) {
  return environment("DERMATOME_REQUIRE_GPU").value_or("") == "1" &&
         !given_gpus(environment).empty();
}

}  // namespace dermatome
