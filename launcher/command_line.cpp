#include "launcher/command_line.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "launcher/commands/commands.h"
#include "launcher/help_formatter.h"
#include "launcher/version.h"
#include "src/config/train_config.h"
#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/nearest_key.h"
#include "src/core/quoted.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// What other programs call a command.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kOtherNames = {
    {{"build", "shard"},
     {"check", "verify"},
     {"embed", "encode"},
     {"finetune", "train"},
     {"infer", "classify"},
     {"mpirun", "launch"},
     {"predict", "classify"},
     {"resume", "train"},
     {"run", "launch"},
     {"score", "evaluate"},
     {"test", "evaluate"},
     {"validate", "verify"}}};

std::string nearest_command(const CLI::App& app, const std::string& word) {
  const auto other =
      std::ranges::find(kOtherNames, word, [](const auto& pair) { return pair.first; });
  if (other != kOtherNames.end()) return std::string(other->second);
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands({})) names.push_back(command->get_name());
  return near_word(word, names);
}

std::string no_command(const CLI::App& app, const std::string& word) {
  const std::string nearest = nearest_command(app, word);
  return text("command line: ", quoted(word), " is no command; ",
              nearest.empty() ? "" : text("the nearest one is ", quoted(nearest), ", and "),
              "dermatome help lists them all");
}

// The option of `command` that `option` is most likely meant to be; empty if none is near.
std::string nearest_option(const CLI::App& command, const std::string& option) {
  std::vector<std::string> names;
  for (const CLI::Option* each : command.get_options()) {
    if (each->get_group().empty()) continue;
    names.insert(names.end(), each->get_lnames().begin(), each->get_lnames().end());
  }
  const size_t start = option.find_first_not_of('-');
  if (start == std::string::npos) return "";
  const std::string nearest = near_word(option.substr(start), names);
  return nearest.empty() ? "" : "--" + nearest;
}

bool takes_settings(const CLI::App& command) {
  return command.get_option_no_throw("overrides") != nullptr;
}

// For an option like --batch-size, or --lr: the setting of a training with this name; else KEY.
std::string setting_like(std::string option) {
  option.erase(0, option.find_first_not_of('-'));
  std::ranges::replace(option, '-', '_');
  for (const Setting& setting : list_settings(TrainOptions())) {
    if (text(".", setting.key).ends_with(text(".", option))) return setting.key;
  }
  return "KEY";
}

std::string no_option(const CLI::App& command, const std::string& word) {
  const std::string option = word.substr(0, word.find('='));
  const bool is_root = command.get_parent() == nullptr;
  const std::string nearest = nearest_option(command, option);
  std::string advice;
  if (!nearest.empty()) {
    advice = text("; the nearest one is ", nearest);
  } else if (takes_settings(command)) {
    advice = text("; a setting is written without dashes: ", setting_like(option), "=VALUE");
  }
  return text("command line: ", quoted(option), " is no option of dermatome ",
              is_root ? "itself" : command.get_name(), advice);
}

// Where to read on.
std::string help_on(const CLI::App& command) { return "dermatome help " + command.get_name(); }

// What is wrong with the first word that no one has a use for; empty if there is none.
std::string problem_with_words(const CLI::App& app) {
  const auto chosen = app.get_subcommands();
  const auto own = app.remaining();
  if (!own.empty() && !own.front().starts_with('-')) return no_command(app, own.front());
  if (!own.empty()) {
    const std::string option = own.front().substr(0, own.front().find('='));
    for (const CLI::App* command : chosen) {
      if (command->get_option_no_throw(option) == nullptr) continue;
      return text("command line: ", quoted(option), " belongs behind the command: dermatome ",
                  command->get_name(), " ", option);
    }
    return text(no_option(app, own.front()), "; see dermatome help");
  }
  for (const CLI::App* command : chosen) {
    const auto words = command->remaining();
    const bool is_option = !words.empty() && words.front().starts_with('-');
    // Of the words behind `launch`, only an option in front of the command is its own.
    if (words.empty() || (command->get_prefix_command() && !is_option)) continue;
    const std::string problem = is_option
                                    ? no_option(*command, words.front())
                                    : text("command line: dermatome ", command->get_name(),
                                           " has no use for the word ", quoted(words.front()));
    return text(problem, "; see ", help_on(*command));
  }
  return "";
}

// Which word or option is missing, or which two exclude each other; empty if all is there.
std::string problem_with_choice(const CLI::App& command) {
  for (const CLI::Option* option : command.get_options()) {
    const std::string name = typed_name(*option);
    if (option->count() == 0) {
      if (option->get_required()) return text(name, " is required");
      continue;
    }
    for (const CLI::Option* other : option->get_needs()) {
      if (other->count() == 0) return text(name, " requires ", typed_name(*other));
    }
    for (const CLI::Option* other : option->get_excludes()) {
      if (other->count() > 0) {
        return text(name, " cannot be given together with ", typed_name(*other));
      }
    }
  }
  return "";
}

// A message of CLI11 on the value of an option, taken apart; `option` is null if it is none.
struct ValueMessage {
  const CLI::Option* option = nullptr;
  std::string value;
};

// `message` is `before`, the option's name, `between`, the value and `after`, behind which more may
// stand.
ValueMessage take_apart(const CLI::App& command, const std::string& message,
                        std::string_view before, std::string_view between, std::string_view after) {
  const size_t middle = message.find(between);
  const size_t end = after.empty() ? message.size() : message.rfind(after);
  if (!message.starts_with(before) || middle == message.npos || end == message.npos) return {};
  const std::string name = message.substr(before.size(), middle - before.size());
  const size_t value = middle + between.size();
  if (value > end) return {};
  return {command.get_option_no_throw(name), message.substr(value, end - value)};
}

// CLI11's message, in other words where it speaks of its own types, would write the largest number
// out in 300 digits, or does not say that a number must be whole.
std::string problem_with_value(const CLI::App& command, const std::string& message) {
  const auto beyond = take_apart(command, message, "", ": Value ", " not in range ");
  if (beyond.option != nullptr) {
    return text(typed_name(*beyond.option), ": ", quoted(beyond.value), " is not ",
                expected_number(*beyond.option, beyond.value));
  }
  const auto other = take_apart(command, message, "Could not convert: ", " = ", "");
  if (other.option != nullptr && other.option->get_expected_max() == 0) {
    return text(typed_name(*other.option), " takes no value; write it without ",
                quoted(other.value));
  }
  if (other.option != nullptr && value_type(*other.option) == "NUMBER") {
    return text(typed_name(*other.option), ": ", quoted(other.value), " is not ",
                expected_number(*other.option, other.value));
  }
  const auto missing = take_apart(command, message, "", ": 1 required ", " missing");
  if (missing.option != nullptr) {
    return text(typed_name(*missing.option), " stands without its value, ",
                value_type(*missing.option));
  }
  return message;
}

std::string problem_of(const CLI::App& command, const CLI::ParseError& error) {
  const bool is_choice = dynamic_cast<const CLI::RequiredError*>(&error) != nullptr ||
                         dynamic_cast<const CLI::RequiresError*>(&error) != nullptr ||
                         dynamic_cast<const CLI::ExcludesError*>(&error) != nullptr;
  const std::string problem = is_choice ? problem_with_choice(command) : "";
  // A command may also ask for an option itself.
  return problem.empty() ? problem_with_value(command, error.what()) : problem;
}

std::string other_problem(const CLI::App& app, const CLI::ParseError& error) {
  const auto chosen = app.get_subcommands();
  if (chosen.empty()) {
    return "command line: name a command, such as train; dermatome help lists them";
  }
  const CLI::App& command = *chosen.front();
  return text("command line: dermatome ", command.get_name(), ": ", problem_of(command, error),
              "; see ", help_on(command));
}

}  // namespace

std::unique_ptr<CLI::App> make_command_line() {
  auto app = std::make_unique<CLI::App>(
      "Dermatome trains vision-language models of the skin on any number of ranks.", "dermatome");
  app->formatter(std::make_shared<HelpFormatter>(help_width()));
  app->set_help_flag("-h,--help", "Print this page");
  app->set_version_flag("--version", version_page,
                        "Print the version, and the libraries' versions");
  add_commands(*app);
  app->footer("dermatome help train\ndermatome launch --ranks 2 train configs/quickstart.yaml");
  return app;
}

void read_command_line(CLI::App& app, const std::vector<std::string>& words) {
  try {
    app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForHelp&) {
    const auto unknown = app.remaining();
    if (app.get_subcommands().empty() && !unknown.empty()) {
      throw ConfigError(problem_with_words(app));
    }
    throw;
  } catch (const CLI::Success&) {
    throw;
  } catch (const CLI::RuntimeError&) {
    throw;
  } catch (const CLI::ParseError& error) {
    // CLI11 asks for what is missing first, but a misspelled word is why it is missing.
    const std::string problem = problem_with_words(app);
    throw ConfigError(problem.empty() ? other_problem(app, error) : problem);
  } catch (const ConfigError&) {
    // A misspelled option leaves its value to be taken for a setting.
    const std::string problem = problem_with_words(app);
    if (problem.empty()) throw;
    throw ConfigError(problem);
  }
}

void check_command_line(const std::vector<std::string>& words) {
  const auto app = make_command_line();
  for (CLI::App* command : app->get_subcommands({})) command->callback({});
  try {
    read_command_line(*app, words);
  } catch (const CLI::Success& help) {
    throw CLI::RuntimeError(app->exit(help));
  }
}

const CLI::App& command_called(const CLI::App& app, const std::string& word) {
  const auto commands =
      app.get_subcommands([&](const CLI::App* each) { return each->get_name() == word; });
  if (commands.empty()) throw ConfigError(no_command(app, word));
  return *commands.front();
}

}  // namespace dermatome
