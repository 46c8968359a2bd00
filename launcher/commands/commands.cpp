#include "launcher/commands/commands.h"

#include <utility>
#include <vector>

#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/runtime_options.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::function<int()> asked_for;

}  // namespace

void add_commands(CLI::App& app) {
  app.require_subcommand(1);
  const auto group = [&app](const char* title, const std::vector<void (*)(CLI::App&)>& commands) {
    for (const auto add : commands) {
      add(app);
      app.get_subcommands({}).back()->group(title);
    }
  };
  group("Data", {add_shard, add_verify, add_inspect, add_duplicates});
  group("Training", {add_config, add_plan, add_train, add_launch, add_report, add_export});
  group("Scores", {add_evaluate, add_watch, add_probe});
  group("Single images and texts", {add_classify, add_concepts, add_encode, add_tokenize});
  group("About dermatome", {add_objective, add_help, add_version});
}

int64_t& ranks_to_start() {
  static int64_t number = 0;
  return number;
}

void answer_old_option(CLI::App& command, const std::string& old_name,
                       const std::string& new_name) {
  const std::string message = text("is called ", new_name, " now");
  command
      .add_option_function<std::vector<std::string>>(
          old_name,
          [old_name, message](const auto&) { throw CLI::ValidationError(old_name, message); })
      ->expected(0, 1)
      ->group("");
}

void run_on_ranks(const RuntimeOptions& options, std::function<int(Runtime&)> work) {
  asked_for = [options, work = std::move(work)] { return run_with_runtime(options, work); };
}

int do_work_on_ranks() { return asked_for ? asked_for() : kExitOk; }

}  // namespace dermatome
