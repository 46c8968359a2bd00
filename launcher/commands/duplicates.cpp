// `dermatome duplicates DATA [--against SET…]`: images that a data set holds twice, or shares with
// evaluation sets.
#include "src/leakage/duplicates.h"

#include <cstdio>
#include <memory>
#include <string>

#include "launcher/commands/commands.h"
#include "src/core/file.h"
#include "src/report/duplicate_sheet.h"
#include "src/report/sheet.h"

namespace dermatome {
namespace {

struct DuplicateArguments {
  DuplicateSearch search;
  std::string sheet;  // empty: none
};

void duplicates(const DuplicateArguments& arguments) {
  check_sheet_name(arguments.sheet);
  const DuplicateSearch& search = arguments.search;
  const auto groups =
      find_duplicates(search, [](const std::string& line) { std::puts(line.c_str()); });
  if (arguments.sheet.empty()) return;
  write_file_atomically(arguments.sheet,
                        render_duplicates("Near-duplicates of " + search.data, groups));
}

}  // namespace

void add_duplicates(CLI::App& app) {
  auto* command = app.add_subcommand(
      "duplicates", "Find images that a data set holds twice, or shares with evaluation sets");
  command->footer(
      "dermatome duplicates shards/train --output pairs.csv\n"
      "dermatome duplicates shards/train --against benchmark.yaml");
  const auto arguments = std::make_shared<DuplicateArguments>();
  DuplicateSearch* const search = &arguments->search;
  command->add_option("data", search->data, "Data set of shards, or a folder of images")
      ->required();
  command->add_option("--against", search->against,
                      "Sets to compare with: shards, folders of images, benchmarks (YAML)");
  command->add_option(
      "--output", search->output,
      "CSV file that lists every near-duplicate with the image that it repeats. `shard --exclude` "
      "leaves out what its column filename names. A row without images says which set was "
      "compared, at which distance");
  command
      ->add_option("--distance", search->distance,
                   "Bits, of 256, in which the hashes of near-duplicates may differ at most")
      ->check(CLI::Range(0, kHashBits))
      ->capture_default_str();
  command->add_option("--threads", search->num_threads, "Threads; 0: one per allowed core")
      ->check(CLI::Range(0, 4096))
      ->default_val(0);
  command->add_option("--sheet", arguments->sheet,
                      "HTML file to show the groups of near-duplicates in, the largest first");
  command->callback([arguments] { duplicates(*arguments); });
}

}  // namespace dermatome
