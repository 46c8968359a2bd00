// `dermatome encode`: features of image files and texts, into a safetensors file.
#include "src/eval/encode.h"

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/core/error.h"
#include "src/model/safetensors.h"
#include "src/model/weights.h"
#include "src/text/tokenizer.h"

namespace dermatome {
namespace {

struct Arguments {
  std::string checkpoint;
  std::vector<std::string> images;
  std::string texts;
  std::string output;
  int64_t batch_size = 64;
  RuntimeOptions runtime;
};

std::vector<std::string> read_lines(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw DataError(path + ": the texts cannot be read");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  if (file.bad()) throw DataError(path + ": the texts cannot be read to their end");
  return lines;
}

int encode(Runtime& runtime, const Arguments& arguments) {
  require_one_rank(runtime, "encode");
  std::vector<std::string> texts;
  if (!arguments.texts.empty()) texts = read_lines(arguments.texts);
  const Clip model = load_clip(arguments.checkpoint, runtime.device());
  NamedTensors features;
  if (!arguments.images.empty()) {
    features.emplace_back(
        "image_features",
        encode_image_files(model, arguments.images, arguments.batch_size, Precision::kFp32));
  }
  if (!arguments.texts.empty()) {
    features.emplace_back("text_features", encode_texts(model, Tokenizer(), texts,
                                                        arguments.batch_size, Precision::kFp32));
  }
  write_safetensors(arguments.output, features);
  return kExitOk;
}

}  // namespace

void add_encode(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "encode", "Write the L2-normalised features of pictures and texts to a safetensors file");
  const auto arguments = std::make_shared<Arguments>();
  command
      ->add_option("--checkpoint", arguments->checkpoint,
                   "Directory in open_clip's hub layout, or a weight file (.safetensors, .pt)")
      ->required();
  CLI::Option* images = command->add_option("--images", arguments->images,
                                            "Pictures, for image_features [number, d]");
  CLI::Option* texts = command->add_option(
      "--texts", arguments->texts, "UTF-8 file, one text a line, for text_features [lines, d]");
  command->add_option("--output", arguments->output, "File to write")->required();
  command->add_option("--batch-size", arguments->batch_size, "Pictures or texts an encode call")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  add_device_option(*command, arguments->runtime);
  command->callback([arguments, images, texts] {
    if (images->count() + texts->count() == 0) {
      throw CLI::RequiredError("--images or --texts");
    }
    const int code = run_on_ranks(arguments->runtime,
                                  [&](Runtime& runtime) { return encode(runtime, *arguments); });
    if (code != kExitOk) throw CLI::RuntimeError(code);
  });
}

}  // namespace dermatome
