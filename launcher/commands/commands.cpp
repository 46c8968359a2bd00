#include "launcher/commands/commands.h"

#include <utility>

#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "src/config/runtime_options.h"

namespace dermatome {
namespace {

std::function<int()> asked_for;

}  // namespace

void add_commands(CLI::App& app) {
  app.require_subcommand(1);
  add_launch(app);
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

void run_on_ranks(const RuntimeOptions& options, std::function<int(Runtime&)> work) {
  asked_for = [options, work = std::move(work)] { return run_with_runtime(options, work); };
}

int do_work_on_ranks() { return asked_for ? asked_for() : kExitOk; }

}  // namespace dermatome
