// A process that waits for commands, so that a benchmark can take turns between programs without
// paying for their start each time.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "launcher/runtime.h"

namespace dermatome::bench {

// The cost of `work` in this process: {"cpu": seconds of all threads, "wall": seconds}.
nlohmann::json cost_of(const std::function<void()>& work);

// The highest resident memory during `work`, in MiB: {"peak": of the whole process, "extra": above
// the memory before `work`}.
nlohmann::json memory_of(const std::function<void()>& work);

// Runs a command; `argument` is the rest of the command's line.
using Command = std::function<nlohmann::json(const std::string& argument)>;

// Answers "ready", then one line of JSON for each line of rank 0's standard input, until it ends.
// Every rank runs every command.
void serve(Collectives& collectives, const std::map<std::string, Command>& commands);

// One thread per rank, on the CPU, with a timeout so long that collectives can wait for the turn of
// the other side.
RuntimeOptions runtime_options();

void add_encode(CLI::App& app);
void add_objective(CLI::App& app);
void add_step(CLI::App& app);
void add_loader(CLI::App& app);
void add_order(CLI::App& app);

}  // namespace dermatome::bench
