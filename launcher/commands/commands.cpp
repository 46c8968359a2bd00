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
  add_launch(app);
  add_config(app);
  add_plan(app);
  add_shard(app);
  add_verify(app);
  add_inspect(app);
  add_duplicates(app);
  add_train(app);
  add_evaluate(app);
  add_watch(app);
  add_classify(app);
  add_concepts(app);
  add_probe(app);
  add_report(app);
  add_encode(app);
  add_objective(app);
  add_tokenize(app);
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
