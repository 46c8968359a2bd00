// `dermatome duplicates DATA [--against SET…]`: images that a data set holds twice, or shares with
// evaluation sets.
#include "src/leakage/duplicates.h"

#include <cstdio>
#include <memory>
#include <string>

#include "launcher/commands/commands.h"

namespace dermatome {

void add_duplicates(CLI::App& app) {
  auto* command = app.add_subcommand(
      "duplicates", "Find images that a data set holds twice, or shares with evaluation sets");
  command->footer(
      "dermatome duplicates shards/train --output pairs.csv\n"
      "dermatome duplicates shards/train --against benchmark.yaml");
  const auto search = std::make_shared<DuplicateSearch>();
  command->add_option("data", search->data, "Data set of shards, or a folder of images")
      ->required();
  command->add_option("--against", search->against,
                      "Sets to compare with: shards, folders of images, benchmarks (YAML)");
  command->add_option(
      "--output", search->output,
      "CSV file to list the pairs in; a row without images says which set was compared, "
      "at which distance");
  command
      ->add_option("--distance", search->distance,
                   "Bits, of 256, in which the hashes of near-duplicates may differ at most")
      ->check(CLI::Range(0, kHashBits))
      ->capture_default_str();
  command->add_option("--threads", search->num_threads, "Threads; 0: one per allowed core")
      ->check(CLI::Range(0, 4096))
      ->default_val(0);
  command->callback([search] {
    find_duplicates(*search, [](const std::string& line) { std::puts(line.c_str()); });
  });
}

}  // namespace dermatome
