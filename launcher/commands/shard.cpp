// `dermatome shard`: MAKE's table and its pictures to a data set of shards.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <memory>

#include "launcher/commands/commands.h"
#include "sharding/build.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

struct ShardArguments {
  std::string csv;
  MakeTableOptions table;
  BuildOptions build;
  int64_t shard_size_mb = 1024;
};

void run_shard(const ShardArguments& arguments) {
  SampleTable table = read_make_table(arguments.csv, arguments.table);
  for (const std::string& warning : table.warnings) log_warning(arguments.csv + ": " + warning);
  BuildOptions options = arguments.build;
  options.samples_per_shard = std::max<int64_t>(
      arguments.shard_size_mb * 1'000'000 / typical_record_bytes(options.images), 1);
  const Tokenizer tokenizer;
  const BuildReport report = build_shards(table, tokenizer, options);
  const Manifest& manifest = report.manifest;
  std::printf("%s: %" PRId64 " samples in %zu shard(s), %" PRId64 " kept from before; %" PRId64
              " unreadable picture(s) left out; %s\n",
              options.output.c_str(), manifest.num_samples(), manifest.shards.size(),
              report.num_kept_shards, manifest.num_rejected, manifest.digest.c_str());
}

}  // namespace

void add_shard(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("shard", "Turn a table of captions and its pictures into training shards");
  const auto arguments = std::make_shared<ShardArguments>();
  command->add_option("--csv", arguments->csv, "MAKE's table (its columns: sharding/FORMAT.md)")
      ->required();
  command->add_option("--images", arguments->build.image_root,
                      "Directory put before every file name of the table");
  command
      ->add_option("--output", arguments->build.output,
                   "Directory of the data set; a second "
                   "run continues an interrupted one")
      ->required();
  command
      ->add_option("--short-side", arguments->build.images.short_side,
                   "Larger pictures are shrunk to this shorter side, in pixels")
      ->check(CLI::Range(1, 16384))
      ->capture_default_str();
  CLI::Option* quality = command
                             ->add_option("--quality", arguments->build.images.quality,
                                          "Quality of the stored JPEG files")
                             ->check(CLI::Range(1, 100))
                             ->capture_default_str();
  command->add_flag("--raw", arguments->build.images.raw, "Store RGB bytes instead of JPEG")
      ->excludes(quality);
  command
      ->add_option("--shard-size-mb", arguments->shard_size_mb,
                   "Approximate size of a shard in MB; as much memory is used")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  command
      ->add_option("--num-subcaptions", arguments->table.num_subcaptions,
                   "Columns subcaption_1, subcaption_2, ... to read")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command->add_option("--label-column", arguments->table.label_column,
                      "Column with a class name for every row");
  command->add_option("--threads", arguments->build.num_threads, "Threads; 0: one an allowed core")
      ->check(CLI::Range(0, 4096))
      ->default_val(0);
  command
      ->add_option("--max-bad", arguments->build.max_bad,
                   "Fraction of pictures that may be unreadable")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->callback([arguments] { run_shard(*arguments); });
}

}  // namespace dermatome
