#include "launcher/commands/model_options.h"

#include <unistd.h>

#include <cstdio>
#include <ios>
#include <nlohmann/json.hpp>

#include "launcher/commands/choice.h"
#include "src/config/model_options.h"
#include "src/config/runtime_options.h"
#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/json_text.h"
#include "src/core/live_line.h"
#include "src/core/text.h"
#include "src/distributed/text_gather.h"
#include "src/eval/result_table.h"
#include "src/run/find_weights.h"
#include "src/run/named_run.h"
#include "src/weights/hugging_face_cache.h"

namespace dermatome {

void add_device_option(CLI::App& command, RuntimeOptions& runtime) {
  add_choice(command, "--device", runtime.device,
             Choices<DeviceChoice>{{"auto", DeviceChoice::kAuto},
                                   {"cpu", DeviceChoice::kCpu},
                                   {"cuda", DeviceChoice::kCuda}},
             "Where to compute; auto: on a GPU if there is one");
}

void add_model_options(CLI::App& command, ModelUse& use) {
  command.add_option("--batch-size", use.batch_size, "Images or texts per encode call of a rank")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_choice(command, "--precision", use.precision,
             Choices<Precision>{{"fp32", Precision::kFp32}, {"amp_bf16", Precision::kAmpBf16}},
             "Arithmetic of the model; amp_bf16 is faster on GPUs and less exact");
  add_device_option(command, use.runtime);
  command.add_option("--threads", use.runtime.threads, "Threads per rank; 0: its cores");
}

void add_hint_options(CLI::App& command, ModelHints& hints) {
  command.add_option("--architecture", hints.architecture,
                     "Architecture of weights that no open_clip_config.json describes: a name such "
                     "as ViT-B-16, or an open_clip model configuration (JSON)");
  command.add_flag("--quick-gelu", hints.quick_gelu,
                   "Such weights were trained with QuickGELU, as OpenAI's were");
}

std::string find_checkpoint(const std::string& given, Runtime& runtime) {
  // Ranks may read copies in different places, but of what lies in a run they use the same.
  const bool is_root = runtime.world().rank == 0;
  const std::string output = TrainOptions().output;
  const std::string run =
      names_hub_model(given) ? given : read_run_name(given, output).directory.string();
  const std::string found = is_root ? find_weights(given, output).string() : "";
  const std::string inside = found.starts_with(run) ? found.substr(run.size()) : "";
  const std::string shared =
      gather_texts(inside, runtime.collectives(), "checkpoint to use", runtime.device())[0];
  if (is_root) return found;
  return shared.empty() ? find_weights(given, output).string() : run + shared;
}

void print_result(const nlohmann::ordered_json& result, bool as_json) {
  const bool as_table = !as_json && terminal_columns(STDOUT_FILENO) > 0;
  const std::string shown = as_table ? result_table(result) : json_line(result) + "\n";
  bool is_written = false;
  {
    // An error that is thrown while this lives would wait for it: messages make room, too.
    const AboveLiveLine above;
    is_written = std::fwrite(shown.data(), 1, shown.size(), stdout) == shown.size() &&
                 std::fflush(stdout) == 0;
  }
  if (!is_written) throw std::ios_base::failure("standard output");
}

void require_one_rank(const Runtime& runtime, const std::string& command) {
  if (runtime.world().size == 1) return;
  throw ConfigError(
      text("dermatome ", command, " runs on one rank, not on ", runtime.world().size));
}

}  // namespace dermatome
