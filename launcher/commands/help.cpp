// `dermatome help [COMMAND]` and `dermatome version`.
#include <iostream>
#include <memory>
#include <string>

#include "launcher/command_line.h"
#include "launcher/commands/commands.h"
#include "launcher/version.h"
#include "src/distributed/world.h"

namespace dermatome {
namespace {

// Ranks that were started together print one page.
void print_page(const std::string& page) {
  if (announced_world(process_environment()).rank == 0) std::cout << page << std::flush;
}

std::string help_page(const CLI::App& app, const std::string& command) {
  const bool is_root = command.empty();
  const CLI::App& asked = is_root ? app : command_called(app, command);
  return app.get_formatter()->make_help(&asked,
                                        is_root ? app.get_name() : app.get_name() + " " + command,
                                        CLI::AppFormatMode::Normal);
}

}  // namespace

void add_help(CLI::App& app) {
  CLI::App* command = app.add_subcommand("help", "Explain a command and its options");
  command->footer("dermatome help\ndermatome help train");
  const auto asked = std::make_shared<std::string>();
  command->add_option("command", *asked, "The command; without it, all commands are listed");
  command->callback([&app, asked] { print_page(help_page(app, *asked)); });
}

void add_version(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("version", "Print the version, and the libraries' versions");
  command->footer("dermatome version\ndermatome --version");
  command->callback([] { print_page(version_page() + "\n"); });
}

}  // namespace dermatome
