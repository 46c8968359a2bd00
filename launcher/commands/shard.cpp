// `dermatome shard`: a table of pictures and captions, or a folder of pictures, to a data set of
// shards, by one process or by ranks together.
#include <ATen/Parallel.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <memory>

#include "launcher/commands/commands.h"
#include "launcher/exit_codes.h"
#include "launcher/runtime.h"
#include "sharding/build.h"
#include "sharding/image_folder.h"
#include "sharding/table.h"
#include "src/config/runtime_options.h"
#include "src/core/log.h"
#include "src/distributed/text_gather.h"

namespace dermatome {
namespace {

struct ShardArguments {
  std::string csv;
  std::string folder;
  TableOptions table;
  BuildOptions build;
  int64_t shard_size_mb = 1024;
};

class RankTeam : public BuildTeam {
 public:
  explicit RankTeam(Collectives& group) : group_(group) {}
  int rank() const override { return group_.rank(); }
  int size() const override { return group_.size(); }
  std::vector<std::string> exchange(const std::string& text) override {
    return gather_texts(text, group_, "shards that are done");
  }

 private:
  Collectives& group_;
};

SampleTable read_source(const ShardArguments& arguments) {
  if (!arguments.folder.empty()) {
    return read_image_folder(arguments.folder, arguments.table.num_subcaptions);
  }
  return read_table(arguments.csv, arguments.table);
}

void shard_with(const ShardArguments& arguments, const BuildOptions& options, BuildTeam& team) {
  const SampleTable table = read_source(arguments);
  const std::string& source = arguments.folder.empty() ? arguments.csv : arguments.folder;
  if (team.rank() == 0) {
    log_info(source + ": " + std::to_string(table.samples.size()) + " pictures, read as " +
             table.kind);
    for (const std::string& warning : table.warnings) log_warning(source + ": " + warning);
  }
  const Tokenizer tokenizer;
  const BuildReport report = build_shards(table, tokenizer, options, team);
  if (team.rank() != 0) return;
  const Manifest& manifest = report.manifest;
  std::printf("%s: %" PRId64 " samples in %zu shard(s), %" PRId64 " kept from before; %" PRId64
              " unreadable picture(s) left out%s; %s\n",
              options.output.c_str(), manifest.num_samples(), manifest.shards.size(),
              report.num_kept_shards, manifest.num_rejected,
              report.rejected.empty() ? "" : " (listed in rejected.csv)", manifest.digest.c_str());
}

void run_shard(const ShardArguments& arguments) {
  BuildOptions options = arguments.build;
  if (!arguments.folder.empty()) options.image_root = arguments.folder;
  options.samples_per_shard = std::max<int64_t>(
      arguments.shard_size_mb * 1'000'000 / typical_record_bytes(options.images), 1);
  if (announced_world(process_environment()).size == 1) {
    LoneBuilder alone;
    return shard_with(arguments, options, alone);
  }
  RuntimeOptions runtime_options;
  runtime_options.device = DeviceChoice::kCpu;
  runtime_options.threads = options.num_threads;
  runtime_options.timeout_s = 4 * 3600;  // a rank waits until the others have made a shard
  run_on_ranks(runtime_options, [arguments, options](Runtime& runtime) {
    BuildOptions on_rank = options;
    on_rank.num_threads = at::get_num_threads();
    RankTeam ranks(runtime.collectives());
    shard_with(arguments, on_rank, ranks);
    return kExitOk;
  });
}

}  // namespace

void add_shard(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "shard", "Turn a table of captions and its pictures, or a folder, into training shards");
  const auto arguments = std::make_shared<ShardArguments>();
  CLI::Option* csv = command->add_option(
      "--csv", arguments->csv, "Table of pictures and captions (its columns: sharding/FORMAT.md)");
  CLI::Option* folder =
      command
          ->add_option("--folder", arguments->folder,
                       "Instead of a table: folder of pictures, FOLDER/CLASS/..., without captions")
          ->excludes(csv);
  command
      ->add_option("--table", arguments->table.kind,
                   "Kind of the table; by default told by its columns")
      ->transform(CLI::CheckedTransformer(kTableKinds))
      ->excludes(folder);
  command
      ->add_option("--images", arguments->build.image_root,
                   "Directory put before every file name of the table")
      ->excludes(folder);
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
  command
      ->add_option("--label-column", arguments->table.label_column,
                   "Column with a class name for every row")
      ->excludes(folder);
  command->add_option("--threads", arguments->build.num_threads, "Threads; 0: one an allowed core")
      ->check(CLI::Range(0, 4096))
      ->default_val(0);
  command
      ->add_option("--max-bad", arguments->build.max_bad,
                   "Fraction of pictures that may be unreadable")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  command->callback([arguments] {
    if (arguments->csv.empty() && arguments->folder.empty()) {
      throw CLI::RequiredError("--csv or --folder");
    }
    run_shard(*arguments);
  });
}

}  // namespace dermatome
