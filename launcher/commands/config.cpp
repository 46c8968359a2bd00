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
#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/text.h"
#include "src/run/run_directory.h"

namespace dermatome {
namespace {

struct ConfigArguments {
  bool defaults = false;
  std::string explain, check, flags;
  std::vector<std::string> diff, overrides;
};

// The configuration of a run's folder, or of a file.
TrainOptions configuration_of(const std::string& source) {
  const std::filesystem::path path(source);
  return load_train_config(is_directory(path) ? RunDirectory(path).config() : path, {});
}

std::string checked(const std::string& file, const std::vector<std::string>& overrides) {
  load_train_config(file, overrides);
  return text(file, ": the settings are valid; `dermatome plan` also looks at their files\n");
}

std::string differences(const std::vector<std::string>& sources) {
  const bool with_defaults = sources.size() == 1;
  const TrainOptions before = with_defaults ? TrainOptions() : configuration_of(sources.front());
  const TrainOptions after = configuration_of(sources.back());
  std::string lines =
      text("# ", with_defaults ? "defaults" : sources.front(), " -> ", sources.back(), "\n");
  for (const auto& difference : config_differences(before, after)) {
    lines += difference_text(difference) + "\n";
  }
  return lines;
}

// `flags`: a command line, or the file of a script that holds one.
std::string translated(const std::string& flags) {
  std::error_code too_long;
  const bool is_script = std::filesystem::is_regular_file(flags, too_long);
  return configuration_from_flags(is_script ? read_file(flags) : flags);
}

}  // namespace

void add_config(CLI::App& app) {
  auto* command = app.add_subcommand("config", "Explain, check, compare, translate settings");
  command->footer(
      "dermatome config --explain optimizer.lr\n"
      "dermatome config --diff runs/first runs/second\n"
      "dermatome config --from-make-flags '--model ViT-B-16 --lr 1e-4 --epochs 15' > mine.yaml");
  const auto arguments = std::make_shared<ConfigArguments>();
  const std::vector<CLI::Option*> tasks = {
      command->add_flag("--defaults", arguments->defaults,
                        "Print every key with its meaning and its default, as YAML"),
      command->add_option("--explain", arguments->explain,
                          "Say what a key, or every key of a section, means"),
      command->add_option("--check", arguments->check, "Check a configuration file"),
      command
          ->add_option("--diff", arguments->diff,
                       "Compare the settings of two runs, or of the defaults and a run: a run's "
                       "folder, or a configuration file")
          ->expected(1, 2),
      command->add_option("--from-make-flags", arguments->flags,
                          "Translate a command line of MAKE's or open_clip's training, or a script "
                          "that holds it, to YAML; comments name what has no counterpart")};
  command->add_option("overrides", arguments->overrides, "Settings to change, for --check")
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
