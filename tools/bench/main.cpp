// Dermatome's side of the benchmarks; tools/bench/bench.py starts and commands it.
#include <CLI/CLI.hpp>

#include "launcher/failure.h"
#include "src/core/log.h"
#include "src/distributed/world.h"
#include "tools/bench/worker.h"

int main(int argc, char** argv) {
  using namespace dermatome;
  const World announced = announced_world(process_environment());
  initialize_logging(announced.rank, announced.size);
  end_at_uncaught_errors(announced.rank);
  CLI::App app("Dermatome's side of tools/bench.sh");
  app.require_subcommand(1);
  bench::add_objective(app);
  bench::add_step(app);
  bench::add_loader(app);
  bench::add_encode(app);
  bench::add_order(app);
  CLI11_PARSE(app, argc, argv);
  return 0;
}
