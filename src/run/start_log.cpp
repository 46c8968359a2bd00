#include "src/run/start_log.h"

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "src/core/clock.h"
#include "src/core/file.h"
#include "src/core/json_lines.h"
#include "src/core/process_identity.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

// What decides which libraries, devices, cores and networks a training uses. Other variables are
// not written: they may hold passwords.
constexpr const char* kVariables[] = {"CUDA_DEVICE_ORDER",
                                      "CUDA_VISIBLE_DEVICES",
                                      "GLOO_SOCKET_IFNAME",
                                      "LD_LIBRARY_PATH",
                                      "LD_PRELOAD",
                                      "LOCAL_WORLD_SIZE",
                                      "MASTER_ADDR",
                                      "MASTER_PORT",
                                      "MKL_NUM_THREADS",
                                      "NCCL_ALGO",
                                      "NCCL_IB_DISABLE",
                                      "NCCL_IB_HCA",
                                      "NCCL_P2P_DISABLE",
                                      "NCCL_PROTO",
                                      "NCCL_SOCKET_IFNAME",
                                      "NVIDIA_VISIBLE_DEVICES",
                                      "OMP_NUM_THREADS",
                                      "OMP_PLACES",
                                      "OMP_PROC_BIND",
                                      "OMPI_COMM_WORLD_SIZE",
                                      "PYTORCH_CUDA_ALLOC_CONF",
                                      "SLURM_CLUSTER_NAME",
                                      "SLURM_CPUS_PER_TASK",
                                      "SLURM_GPUS_ON_NODE",
                                      "SLURM_JOB_ID",
                                      "SLURM_JOB_NAME",
                                      "SLURM_JOB_NODELIST",
                                      "SLURM_JOB_PARTITION",
                                      "SLURM_NTASKS",
                                      "SLURM_RESTART_COUNT",
                                      "TORCH_NCCL_BLOCKING_WAIT",
                                      "WORLD_SIZE"};

Json set_variables() {
  Json found = Json::object();
  for (const char* name : kVariables) {
    if (const char* value = std::getenv(name)) found[name] = value;
  }
  return found;
}

std::vector<std::string> command_line() {
  std::vector<std::string> words;
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  for (std::string word; std::getline(file, word, '\0');) words.push_back(word);
  return words;
}

// The values of lines "KEY : VALUE" of a file under /proc.
std::vector<std::string> values_of(const std::string& key, const std::filesystem::path& path) {
  std::vector<std::string> values;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    const size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    const size_t begin = line.find_first_not_of(" \t", colon + 1);
    values.push_back(begin == std::string::npos ? "" : line.substr(begin));
  }
  return values;
}

std::string cpu_model() {
  const auto models = values_of("model name", "/proc/cpuinfo");
  return models.empty() ? "" : models.front();
}

std::vector<std::string> gpu_models() {
  std::vector<std::string> models;
  std::error_code none;
  for (const auto& gpu : std::filesystem::directory_iterator("/proc/driver/nvidia/gpus", none)) {
    for (std::string& model : values_of("Model", gpu.path() / "information")) {
      models.push_back(std::move(model));
    }
  }
  return models;
}

}  // namespace

void log_start(const std::filesystem::path& run_directory, const nlohmann::ordered_json& facts) {
  const ProcessIdentity self = own_identity();
  std::error_code gone;
  Json line = {{"time", utc_time()}};
  line.update(facts);
  line["host"] = self.host;
  line["process"] = self.process;
  line["job"] = self.job;
  line["command"] = command_line();
  line["folder"] = std::filesystem::current_path(gone).string();
  line["cpu"] = cpu_model();
  line["gpus"] = gpu_models();
  line["environment"] = set_variables();
  append_json_line(RunDirectory(run_directory).starts(), line);
}

}  // namespace dermatome
