// What commands that use a model have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "launcher/runtime.h"
#include "src/config/model_options.h"
#include "src/config/runtime_options.h"
#include "src/weights/model_hints.h"

namespace dermatome {

struct ModelUse {
  int64_t batch_size = 256;  // images or texts per encode call of a rank
  Precision precision = Precision::kFp32;
  RuntimeOptions runtime;
};

// --batch-size, --precision, --device, --threads.
void add_model_options(CLI::App& command, ModelUse& use);

// --device.
void add_device_option(CLI::App& command, RuntimeOptions& runtime);

// --architecture, --quick-gelu.
void add_hint_options(CLI::App& command, ModelHints& hints);

// Prints a result of `evaluate` or `probe`: its table if a terminal shows standard output, else one
// line of JSON. `as_json` asks for JSON on a terminal too.
void print_result(const nlohmann::ordered_json& result, bool as_json);

// The help of --json of these commands.
inline constexpr const char* kJsonHelp =
    "Print one JSON object per line on a terminal too, instead of tables";

// The help of --checkpoint.
inline constexpr const char* kCheckpointHelp =
    "Directory in open_clip's hub layout or of a CLIPModel of transformers, file of weights "
    "(.safetensors, .pt), directory of a run (also one of open_clip) or name of a run in runs: its "
    "newest checkpoint, RUN:STEP, or "
    "hf-hub:ORGANIZATION/NAME in Hugging Face's cache";

// What find_weights() finds for `given`, in the default output. Rank 0 looks, so that all ranks use
// the same checkpoint. A collective call. Throws what find_weights() throws.
std::string find_checkpoint(const std::string& given, Runtime& runtime);

// Throws ConfigError if `runtime` has several ranks: `command` runs on one.
void require_one_rank(const Runtime& runtime, const std::string& command);

}  // namespace dermatome
