// `dermatome shard`: makes a data set of shards from a table of images and captions, or from a
// folder of images, in one process or on several ranks.
#include <algorithm>
#include <cstdio>
#include <memory>

#include "launcher/commands/build_ranks.h"
#include "launcher/commands/choice.h"
#include "launcher/commands/commands.h"
#include "launcher/commands/table_options.h"
#include "launcher/version.h"
#include "sharding/build_source.h"

namespace dermatome {
namespace {

struct ShardArguments {
  SampleSource source;
  BuildOptions build;
  int64_t shard_size_mb = 1024;
};

void run_shard(const ShardArguments& arguments) {
  BuildOptions options = arguments.build;
  options.binary = version();
  options.samples_per_shard = std::max<int64_t>(
      arguments.shard_size_mb * 1'000'000 / typical_record_bytes(options.images), 1);
  build_with_ranks(options.num_threads,
                   [source = arguments.source, options](BuildTeam& team, int num_threads) {
                     BuildOptions own = options;
                     own.num_threads = num_threads;
                     const std::string summary = build_from(source, own, team);
                     if (team.rank() == 0) std::puts(summary.c_str());
                   });
}

}  // namespace

void add_shard(CLI::App& app) {
  CLI::App& shard = *app.add_subcommand(
      "shard", "Turn a table of captions and its images, or a folder, into training shards");
  shard.footer(
      "dermatome shard --csv train.csv --images /data/images --output shards/train\n"
      "dermatome shard --folder /data/classes --output shards/classes --template \"a photo of a "
      "{}\"");
  const auto arguments = std::make_shared<ShardArguments>();
  BuildOptions& build = arguments->build;
  add_table_options(shard, arguments->source);
  shard
      .add_option("--images", build.image_root, "Directory put before every file name of the table")
      ->excludes("--folder");
  shard
      .add_option("--output", build.output,
                  "Directory of the data set; a second run continues an interrupted one")
      ->required();
  shard
      .add_option("--short-side", build.images.short_side,
                  "Larger images are shrunk to this shorter side, in pixels")
      ->check(CLI::Range(1, 16384))
      ->capture_default_str();
  CLI::Option* quality =
      shard.add_option("--quality", build.images.quality, "Quality of the stored JPEG files")
          ->check(CLI::Range(1, 100))
          ->capture_default_str();
  shard.add_flag("--raw", build.images.raw, "Store RGB bytes instead of JPEG")->excludes(quality);
  add_choice(shard, "--background", build.images.background, kBackgrounds,
             "What transparent images are laid over");
  shard
      .add_option("--shard-size-mb", arguments->shard_size_mb,
                  "Approximate size of a shard in MB; about this much memory is used")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  shard.add_option("--tokenizer", arguments->source.tokenizer,
                   "vocab.txt or tokenizer.json of a BERT tokenizer, or the directory that holds "
                   "it: its token ids are made as well, so that no training has to make them");
  shard
      .add_option("--context-length", arguments->source.context_length,
                  "The most token ids of a caption for the model that will be trained")
      ->check(CLI::Range(1, 65536))
      ->capture_default_str();
  shard.add_option("--threads", build.num_threads, "Threads; 0: one per allowed core")
      ->check(CLI::Range(0, 4096))
      ->default_val(0);
  shard.add_option("--max-bad", build.max_bad, "Fraction of images that may be unreadable")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  shard.callback([arguments] {
    if (arguments->source.csv.empty() && arguments->source.folder.empty()) {
      throw CLI::RequiredError("--csv or --folder");
    }
    run_shard(*arguments);
  });
}

}  // namespace dermatome
