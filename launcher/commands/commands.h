// The subcommands of `dermatome`, one file each. Every function adds its subcommand, with options
// and a callback that does the work, to the command line; errors leave a callback as exceptions.
// A callback does not do work on ranks itself, but asks for it with run_on_ranks().
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <functional>
#include <string>

namespace dermatome {

class Runtime;
struct RuntimeOptions;

void add_classify(CLI::App& app);
void add_concepts(CLI::App& app);
void add_config(CLI::App& app);
void add_duplicates(CLI::App& app);
void add_encode(CLI::App& app);
void add_evaluate(CLI::App& app);
void add_export(CLI::App& app);
void add_help(CLI::App& app);
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
void add_version(CLI::App& app);
void add_watch(CLI::App& app);

// Adds all subcommands.
void add_commands(CLI::App& app);

// Answers the option `old_name`, which is called `new_name` now, with a usage error that says so.
void answer_old_option(CLI::App& command, const std::string& old_name, const std::string& new_name);

// How many ranks `launch` is about to start for the command whose line is read; 0: none, or a
// number that it does not know. A command can check it before the ranks start.
int64_t& ranks_to_start();

// Asks for `work` on ranks, which returns the exit code. It starts when the callback has returned
// and main() has left its handlers, so it must own, or share, whatever it uses.
void run_on_ranks(const RuntimeOptions& options, std::function<int(Runtime&)> work);

// Does the work that a callback asked for, and returns its exit code; kExitOk if none did. main()
// calls it, outside of any handler.
int do_work_on_ranks();

}  // namespace dermatome
