// The subcommands of `dermatome`, one file each. Every function adds its subcommand, with options
// and a callback that does the work, to the command line; errors leave a callback as exceptions.
#pragma once

#include <CLI/CLI.hpp>

namespace dermatome {

void add_classify(CLI::App& app);
void add_concepts(CLI::App& app);
void add_duplicates(CLI::App& app);
void add_encode(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_inspect(CLI::App& app);
void add_launch(CLI::App& app);
void add_plan(CLI::App& app);
void add_objective(CLI::App& app);
void add_probe(CLI::App& app);
void add_report(CLI::App& app);
void add_shard(CLI::App& app);
void add_tokenize(CLI::App& app);
void add_train(CLI::App& app);
void add_verify(CLI::App& app);
void add_watch(CLI::App& app);

// Ends a callback whose work gave `code`: the program exits with it, unless it is kExitOk.
void end_with(int code);

// All of them.
void add_commands(CLI::App& app);

}  // namespace dermatome
