// `dermatome help [COMMAND]` and `dermatome version`.
#include <iostream>
#include <memory>
#include <string>

#include "launcher/command_line.h"
#include "launcher/commands/commands.h"
#include "launcher/version.h"
#include "src/core/text.h"
#include "src/distributed/world.h"

namespace dermatome {
namespace {

// Ranks that were started together print one page.
void print_page(const std::string& page) {
  if (announced_world(process_environment()).rank == 0) std::cout << page << std::flush;
}

struct HelpArguments {
  std::string command;
  bool all = false;
};

std::string page_of(const CLI::App& app, const CLI::App& command) {
  return app.get_formatter()->make_help(&command, app.get_name() + " " + command.get_name(),
                                        CLI::AppFormatMode::Normal);
}

std::string help_page(const CLI::App& app, const HelpArguments& arguments) {
  if (!arguments.command.empty()) return page_of(app, command_called(app, arguments.command));
  std::string page =
      app.get_formatter()->make_help(&app, app.get_name(), CLI::AppFormatMode::Normal);
  if (!arguments.all) return page;
  for (const CLI::App* command : app.get_subcommands({})) {
    page += text("\n---- dermatome ", command->get_name(), " ----\n", page_of(app, *command));
  }
  return page;
}

}  // namespace

void add_help(CLI::App& app) {
  CLI::App* command = app.add_subcommand("help", "Explain a command and its options");
  command->footer("dermatome help train\ndermatome help --all");
  const auto arguments = std::make_shared<HelpArguments>();
  CLI::Option* asked = command->add_option("command", arguments->command,
                                           "The command; without it, all commands are listed");
  command->add_flag("--all", arguments->all, "Explain every command")->excludes(asked);
  command->callback([&app, arguments] { print_page(help_page(app, *arguments)); });
}

void add_version(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("version", "Print the version, and the libraries' versions");
  command->footer("dermatome version\ndermatome --version");
  command->callback([] { print_page(version_page() + "\n"); });
}

}  // namespace dermatome
