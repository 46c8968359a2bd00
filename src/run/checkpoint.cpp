#include "src/run/checkpoint.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/log.h"
#include "src/core/strict_json.h"
#include "src/core/text.h"
#include "src/model/clip.h"
#include "src/weights/hub.h"
#include "src/weights/safetensors.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int kFormatVersion = 1;
constexpr const char* kStateFile = "state.json";
constexpr const char* kOptimizerFile = "optimizer.safetensors";

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

// The directory's name in the text file `pointer`, if there is one.
std::string named_by(const fs::path& pointer) {
  if (!fs::exists(pointer)) return "";
  std::string name = read_file(pointer);
  while (!name.empty() && name.back() == '\n') name.pop_back();
  return name;
}

// Throws DataError unless `file` is as `description` says.
void check_file(const fs::path& file, JsonObject& description) {
  const std::string name = file.filename().string();
  if (!fs::is_regular_file(file)) throw DataError(name + " is missing");
  if (fs::file_size(file) != description.get<uint64_t>("bytes")) {
    throw DataError(name + " is truncated");
  }
  if (crc32c_of_file(file) != description.get<uint32_t>("crc32c")) {
    throw DataError(name + " does not match its checksum");
  }
}

}  // namespace

std::vector<int64_t> checkpoint_steps(const fs::path& checkpoints) {
  std::vector<int64_t> steps;
  if (!fs::is_directory(checkpoints)) return steps;
  for (const auto& entry : fs::directory_iterator(checkpoints)) {
    const int64_t step = checkpoint_step(entry.path().filename());
    if (step >= 0) steps.push_back(step);
  }
  std::ranges::sort(steps, std::greater<>());
  return steps;
}

bool is_checkpoint(const fs::path& directory) { return fs::exists(directory / kStateFile); }

void mark_best(const fs::path& checkpoints, int64_t step) {
  write_file_atomically(best_pointer(checkpoints),
                        checkpoint_path(checkpoints, step).filename().string() + "\n");
}

void save_checkpoint(const fs::path& checkpoints, const Clip& model, const NamedTensors& optimizer,
                     const TrainingState& state, int64_t keep, const Tokenizer* tokenizer) {
  const fs::path final_path = checkpoint_path(checkpoints, state.step);
  make_directories(checkpoints);
  remove_leftovers(checkpoints);
  // A step can only be reached twice when its checkpoint was refused as damaged on resume.
  replace_atomically(final_path, [&](const fs::path& temporary) {
    make_directories(temporary);
    write_hub(model, temporary, tokenizer);
    write_safetensors(temporary / kOptimizerFile, optimizer);
    if (!state.config.empty()) write_file_atomically(checkpoint_config(temporary), state.config);
    const json content = {{"format_version", kFormatVersion},
                          {"step", state.step},
                          {"config_digest", state.config_digest},
                          {"dataset_digest", state.dataset_digest},
                          {"files", describe_files(temporary)}};
    const json with_checksum = {{"state", content}, {"crc32c", checksum(content)}};
    write_file_atomically(temporary / kStateFile, with_checksum.dump(1) + "\n");
  });
  write_file_atomically(latest_pointer(checkpoints), final_path.filename().string() + "\n");

  if (keep > 0) {
    auto steps = checkpoint_steps(checkpoints);
    // Newer checkpoints are damaged: the run has continued from an older one.
    std::erase_if(steps, [&](int64_t step) { return step > state.step; });
    const std::string best = named_by(best_pointer(checkpoints));
    for (size_t i = static_cast<size_t>(keep); i < steps.size(); ++i) {
      const fs::path old = checkpoint_path(checkpoints, steps[i]);
      if (old.filename() == best) continue;
      // Renamed first, so that a process that reads it meanwhile sees all of it or nothing.
      const fs::path aside = old.string() + ".tmp.removed";
      std::error_code error;
      fs::rename(old, aside, error);
      if (!error) fs::remove_all(aside, error);
      if (error) log_warning(text("cannot remove checkpoint ", old, ": ", error.message()));
    }
  }
}

std::string state_hash(const fs::path& checkpoint) {
  return sha256_hex(read_file(checkpoint / kStateFile));
}

TrainingState verify_checkpoint(const fs::path& checkpoint) {
  try {
    const json document = parse_json(read_file(checkpoint / kStateFile), kStateFile);
    JsonObject file(kStateFile, "", document);
    JsonObject state = file.object("state");
    if (file.get<uint32_t>("crc32c") != checksum(document.at("state"))) {
      throw DataError(text(kStateFile, ": its checksum does not match"));
    }
    file.finish();
    if (state.get<int64_t>("format_version") != kFormatVersion) {
      state.fail("format_version", text("must be ", kFormatVersion));
    }
    JsonObject files = state.object("files");
    for (const auto& [name, unused] : state.find("files").items()) {
      JsonObject description = files.object(name);
      check_file(checkpoint / name, description);
      description.finish();
    }
    const std::filesystem::path config = checkpoint_config(checkpoint);
    const TrainingState read = {state.get<int64_t>("step"), state.get<std::string>("config_digest"),
                                state.get<std::string>("dataset_digest"),
                                fs::exists(config) ? read_file(config) : ""};
    state.finish();
    return read;
  } catch (const DataError& error) {
    throw DataError(text("checkpoint ", checkpoint, ": ", error.what()));
  } catch (const fs::filesystem_error& error) {  // for example, another process removes a file
    throw DataError(text("checkpoint ", checkpoint, ": ", error.what()));
  }
}

std::optional<TrainingState> find_newest_checkpoint(const fs::path& checkpoints) {
  const auto steps = checkpoint_steps(checkpoints);
  for (const int64_t step : steps) {
    try {
      return verify_checkpoint(checkpoint_path(checkpoints, step));
    } catch (const DataError& error) {
      log_warning(text("refused: ", error.what()));
    }
  }
  if (!steps.empty()) {
    throw DataError(text("no checkpoint in ", checkpoints,
                         " verifies; remove the directory to start the run anew"));
  }
  return std::nullopt;
}

void load_checkpoint(const fs::path& checkpoint, Clip& model, const LoadOptimizer& load_optimizer) {
  load_weights(model, checkpoint);
  const fs::path file = checkpoint / kOptimizerFile;
  const auto state = read_safetensors(file);
  try {
    load_optimizer(state);
  } catch (const DataError& error) {
    throw DataError(text(file, ": ", error.what()));
  }
}

}  // namespace dermatome
