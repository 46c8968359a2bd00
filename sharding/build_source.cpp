#include "sharding/build_source.h"

#include "sharding/excluded_images.h"
#include "sharding/image_folder.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::string summary(const BuildReport& report, const std::filesystem::path& output) {
  const Manifest& manifest = report.manifest;
  return text(output, ": ", manifest.num_samples(), " samples in ", manifest.shards.size(),
              " shard(s), ", report.num_kept_shards, " kept from before; ", manifest.num_rejected,
              " unreadable image(s) left out",
              report.rejected.empty() ? "" : " (listed in rejected.csv)", "; ", manifest.digest);
}

}  // namespace

std::string build_from(const SampleSource& source, BuildOptions options, BuildTeam& team) {
  const bool is_folder = !source.folder.empty();
  if (is_folder) options.image_root = source.folder;
  const std::string& name = is_folder ? source.folder : source.csv;
  SampleTable table = is_folder ? read_image_folder(source.folder, source.table.num_subcaptions)
                                : read_table(source.csv, source.table);
  const int64_t left_out = source.exclude.empty() ? 0 : leave_out(table, source.exclude);
  if (team.rank() == 0) {
    log_info(text(name, ": ", table.samples.size(), " images, read as ", table.kind));
    if (!source.exclude.empty())
      log_info(text(source.exclude, ": ", left_out, " image(s) left out"));
    for (const std::string& warning : table.warnings) log_warning(text(name, ": ", warning));
  }
  const BuildReport report = build_shards(table, Tokenizer(), options, team);
  return team.rank() == 0 ? summary(report, options.output) : "";
}

}  // namespace dermatome
