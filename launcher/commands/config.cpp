// `dermatome config`: explains, checks, compares and translates configurations.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "launcher/commands/commands.h"
#include "src/config/config_difference.h"
#include "src/config/key_reference.h"
#include "src/config/make_flags.h"
#include "src/config/train_config.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "src/run/run_directory.h"
#include "src/weights/architectures.h"

namespace dermatome {
namespace {

struct ConfigArguments {
  bool defaults = false;
  std::string explain, check, flags;
  std::vector<std::string> diff, overrides;
};

TrainOptions of_run_or_file(const std::string& source) {
  const std::filesystem::path path(source);
  return load_train_config(is_directory(path) ? RunDirectory(path).config() : path, {});
}

std::string checked(const std::string& file, const std::vector<std::string>& overrides) {
  find_architecture(load_train_config(file, overrides).model.architecture);  // refuses others
  return text(file, ": the settings are valid; `dermatome plan` also looks at their files\n");
}

std::string differences(const std::vector<std::string>& sources) {
  const bool with_defaults = sources.size() == 1;
  const TrainOptions before = with_defaults ? TrainOptions() : of_run_or_file(sources.front());
  const TrainOptions after = of_run_or_file(sources.back());
  std::string lines =
      text("# ", with_defaults ? "defaults" : sources.front(), " -> ", sources.back(), "\n");
  for (const auto& each : config_differences(before, after)) lines += difference_text(each) + "\n";
  return lines;
}

// `flags`: a command line, or the file of a script that holds one.
std::string translated(const std::string& flags) {
  std::error_code too_long;
  return configuration_from_flags(
      is_regular_file(std::filesystem::path(flags), too_long) ? read_file(flags) : flags);
}

}  // namespace

void add_config(CLI::App& app) {
  auto* command = app.add_subcommand("config", "Explain, check, compare, translate settings");
  command->footer(
      "dermatome config --diff runs/first runs/second\n"
      "dermatome config --from-make-flags '--model ViT-B-16 --lr 1e-4 --epochs 15' > mine.yaml");
  const auto arguments = std::make_shared<ConfigArguments>();
  const std::vector<CLI::Option*> tasks = {
      command->add_flag("--defaults", arguments->defaults,
                        "Print every key with its meaning and its default, as YAML"),
      command->add_option("--explain", arguments->explain, "Explain a key or section")
          ->type_name("KEY"),
      command->add_option("--check", arguments->check, "Check a configuration")->type_name("FILE"),
      command
          ->add_option("--diff", arguments->diff,
                       "Compare the settings of two runs, or of the defaults and a run: a run's "
                       "folder, or a configuration file")
          ->type_name("RUN")
          ->expected(1, 2),
      command
          ->add_option("--from-make-flags", arguments->flags,
                       "Translate a command line of MAKE's or open_clip's training, or a script "
                       "that holds it, to YAML; comments name what has no counterpart")
          ->type_name("FLAGS")};
  command->add_option("overrides", arguments->overrides, "Settings to change")
      ->option_text("KEY=VALUE")
      ->needs(tasks[2]);
  command->callback([arguments, tasks] {
    const auto given = [](const CLI::Option* task) { return task->count() > 0; };
    if (std::ranges::count_if(tasks, given) != 1) {
      throw ConfigError(
          "command line: give one of --defaults, --explain, --check, --diff, --from-make-flags");
    }
    const std::string lines = given(tasks[0])   ? commented_defaults()
                              : given(tasks[1]) ? explained_key(arguments->explain)
                              : given(tasks[2]) ? checked(arguments->check, arguments->overrides)
                              : given(tasks[3]) ? differences(arguments->diff)
                                                : translated(arguments->flags);
    std::fputs(lines.c_str(), stdout);
  });
}

}  // namespace dermatome
