#include "launcher/commands/commands.h"

#include "launcher/exit_codes.h"

namespace dermatome {

void end_with(int code) {
  if (code != kExitOk) throw CLI::RuntimeError(code);
}

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

}  // namespace dermatome
