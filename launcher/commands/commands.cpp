#include "launcher/commands/commands.h"

namespace dermatome {

void add_commands(CLI::App& app) { app.require_subcommand(1); }

}  // namespace dermatome
