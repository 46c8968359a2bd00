#include "src/train/checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/log.h"
#include "src/model/hub.h"
#include "src/model/safetensors.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kFormatVersion = 1;
constexpr const char* kStateFile = "state.json";
constexpr const char* kOptimizerFile = "optimizer.safetensors";
constexpr const char* kPrefix = "step_";

uint32_t checksum(const json& value) {
  const std::string text = value.dump();
  return crc32c(std::as_bytes(std::span(text)));
}

json describe_files(const fs::path& directory) {
  json files = json::object();
  for (const auto& entry : fs::directory_iterator(directory)) {
    files[entry.path().filename()] = {{"bytes", entry.file_size()},
                                      {"crc32c", crc32c_of_file(entry.path())}};
    sync_path(entry.path());
  }
  return files;
}

// Steps of the complete checkpoints, newest first.
std::vector<int64_t> steps_of(const fs::path& checkpoints) {
  std::vector<int64_t> steps;
  if (!fs::is_directory(checkpoints)) return steps;
  for (const auto& entry : fs::directory_iterator(checkpoints)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix)) continue;
    const std::string digits = name.substr(std::string(kPrefix).size());
    if (!digits.empty() &&
        std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; })) {
      steps.push_back(std::stoll(digits));
    }
  }
  std::ranges::sort(steps, std::greater<>());
  return steps;
}

}  // namespace

fs::path checkpoint_path(const fs::path& checkpoints, int64_t step) {
  return checkpoints / (kPrefix + format("%08lld", static_cast<long long>(step)));
}

void save_checkpoint(const fs::path& checkpoints, const Clip& model, const AdamW& optimizer,
                     const TrainingState& state, int64_t keep) {
  const fs::path final_path = checkpoint_path(checkpoints, state.step);
  const fs::path temporary = checkpoints / ("tmp." + final_path.filename().string());
  fs::remove_all(temporary);
  make_directories(temporary);
  write_hub(model, temporary);
  write_safetensors(temporary / kOptimizerFile, optimizer.state());
  const json content = {{"format_version", kFormatVersion},
                        {"step", state.step},
                        {"config_digest", state.config_digest},
                        {"dataset_digest", state.dataset_digest},
                        {"files", describe_files(temporary)}};
  const json with_checksum = {{"state", content}, {"crc32c", checksum(content)}};
  write_file_atomically(temporary / kStateFile, with_checksum.dump(1) + "\n");
  sync_path(temporary);
  // A step can only be reached twice when its checkpoint was refused as damaged on resume.
  fs::remove_all(final_path);
  commit_rename(temporary, final_path);
  write_file_atomically(checkpoints / "latest", final_path.filename().string() + "\n");

  if (keep > 0) {
    const auto steps = steps_of(checkpoints);
    for (size_t i = static_cast<size_t>(keep); i < steps.size(); ++i) {
      fs::remove_all(checkpoint_path(checkpoints, steps[i]));
    }
  }
}

TrainingState verify_checkpoint(const fs::path& checkpoint) {
  const fs::path path = checkpoint / kStateFile;
  try {
    const json file = json::parse(read_file(path));
    const json& content = file.at("state");
    if (file.at("crc32c") != checksum(content)) throw DataError("its checksum does not match");
    if (content.at("format_version") != kFormatVersion) {
      throw DataError("format version " + content.at("format_version").dump() + " is not " +
                      std::to_string(kFormatVersion));
    }
    for (const auto& [name, description] : content.at("files").items()) {
      const fs::path part = checkpoint / name;
      if (!fs::is_regular_file(part)) throw DataError(name + " is missing");
      if (fs::file_size(part) != description.at("bytes")) throw DataError(name + " is truncated");
      if (crc32c_of_file(part) != description.at("crc32c")) {
        throw DataError(name + " does not match its checksum");
      }
    }
    return {content.at("step"), content.at("config_digest"), content.at("dataset_digest")};
  } catch (const json::exception& error) {
    throw DataError("checkpoint " + path.string() + ": " + error.what());
  } catch (const DataError& error) {
    throw DataError("checkpoint " + checkpoint.string() + ": " + error.what());
  }
}

std::optional<TrainingState> find_newest_checkpoint(const fs::path& checkpoints) {
  const auto steps = steps_of(checkpoints);
  for (const int64_t step : steps) {
    try {
      return verify_checkpoint(checkpoint_path(checkpoints, step));
    } catch (const DataError& error) {
      log_warning(std::string("refused: ") + error.what());
    }
  }
  if (!steps.empty()) {
    throw DataError("no checkpoint in " + checkpoints.string() +
                    " verifies; remove the directory to start the run anew");
  }
  return std::nullopt;
}

void load_checkpoint(const fs::path& checkpoint, Clip& model, AdamW& optimizer) {
  load_weights(model, checkpoint);
  optimizer.load_state(read_safetensors(checkpoint / kOptimizerFile));
}

}  // namespace dermatome
