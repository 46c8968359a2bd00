// `dermatome classify` and `dermatome concepts`: what a model sees in single images.
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "launcher/commands/model_options.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/core/json_text.h"
#include "src/core/text.h"
#include "src/eval/kinds/kind.h"
#include "src/eval/single_images.h"
#include "src/eval/text_cache.h"
#include "src/model/clip.h"
#include "src/weights/weights.h"

namespace dermatome {
namespace {

struct ClassifyArguments {
  std::vector<std::string> images;
  std::string checkpoint;
  std::string benchmark;
  int64_t top = 5;
  bool json = false;
  std::string cache = default_text_cache();
  ModelHints hints;
  ModelUse use;
};

int show(Runtime& runtime, const ClassifyArguments& arguments, const BenchmarkKind* only,
         const std::string& command) {
  require_one_rank(runtime, command);
  const BenchmarkOptions benchmark = load_ranked_benchmark(arguments.benchmark, only);
  const std::string checkpoint = find_checkpoint(arguments.checkpoint, runtime);
  const SingleImages found = rank_images(load_clip(checkpoint, runtime.device(), arguments.hints),
                                         arguments.images, benchmark,
                                         {.top = arguments.top,
                                          .batch_size = arguments.use.batch_size,
                                          .precision = arguments.use.precision,
                                          .cache = arguments.cache});
  if (arguments.json) {
    for (const auto& line : as_json(found, benchmark.name, checkpoint)) {
      std::cout << json_line(line) << std::endl;
    }
  } else {
    std::cout << as_text(found) << std::flush;
  }
  return kExitOk;
}

void add_command(CLI::App& app, const std::string& name, const BenchmarkKind* only,
                 const std::string& description, int64_t default_top) {
  auto* command = app.add_subcommand(name, description);
  const std::string example =
      text("dermatome ", name, " image.jpg --checkpoint runs/first --benchmark benchmark.yaml");
  command->footer(text(example, "\n", example, " --top 3 --json"));
  const auto arguments = std::make_shared<ClassifyArguments>();
  arguments->top = default_top;
  command->add_option("images", arguments->images, "Images")->option_text("IMAGE")->required();
  command->add_option("--checkpoint", arguments->checkpoint, kCheckpointHelp)->required();
  command
      ->add_option("--benchmark", arguments->benchmark,
                   "Benchmark file (YAML); only its names and templates are used, no data are read")
      ->required();
  command->add_option("--top", arguments->top, "How many to show; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command->add_flag("--json", arguments->json, "Print one line with a JSON object per image");
  command
      ->add_option("--cache", arguments->cache,
                   "Folder for features of prompts, kept by weights and prompts; empty: none")
      ->capture_default_str();
  add_hint_options(*command, arguments->hints);
  add_model_options(*command, arguments->use);
  command->callback([arguments, only, name] {
    run_on_ranks(arguments->use.runtime, [arguments, only, name](Runtime& runtime) {
      return show(runtime, *arguments, only, name);
    });
  });
}

}  // namespace

void add_classify(CLI::App& app) {
  add_command(app, "classify", /*only=*/nullptr, "Rank a benchmark's classes for single images", 5);
}

void add_concepts(CLI::App& app) {
  add_command(app, "concepts", &concepts_kind(), "Rank a benchmark's concepts for single images",
              0);
}

}  // namespace dermatome
