#include "sharding/build_source.h"

#include "sharding/image_folder.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::string summary(const BuildReport& report, const BuildOptions& options) {
  const Manifest& manifest = report.manifest;
  std::string changed;
  if (report.num_transparent > 0) {
    changed += text(report.num_transparent, " transparent image(s) laid over ",
                    background_name(options.images.background), "; ");
  }
  if (report.num_clipped > 0) {
    changed += text(report.num_clipped, " gray image(s) of 16 bits clipped at 255; ");
  }
  return text(options.output, ": ", manifest.num_samples(), " samples in ", manifest.shards.size(),
              " shard(s), ", report.num_kept_shards, " kept from before; ", manifest.num_rejected,
              " unreadable image(s) left out",
              report.rejected.empty() ? "" : " (listed in rejected.csv)", "; ", changed,
              manifest.digest);
}

// What a reader of the summary may take for harmless.
void warn_of_clipped(const BuildReport& report) {
  if (report.num_clipped == 0) return;
  log_warning(text(report.num_clipped,
                   " gray image(s) of 16 bits have levels above 255, which became white, as in "
                   "Pillow; convert these images to 8 bits and make the data set again"));
}

}  // namespace

std::string build_from(const SampleSource& source, BuildOptions options, BuildTeam& team) {
  const bool is_folder = !source.folder.empty();
  if (is_folder) options.image_root = source.folder;
  const std::string& name = is_folder ? source.folder : source.csv;
  const SampleTable table = is_folder
                                ? read_image_folder(source.folder, source.table.num_subcaptions)
                                : read_table(source.csv, source.table);
  if (team.rank() == 0) {
    log_info(text(name, ": ", table.samples.size(), " images, read as ", table.kind));
    for (const std::string& warning : table.warnings) log_warning(text(name, ": ", warning));
  }
  const BuildReport report = build_shards(table, Tokenizer(), options, team);
  if (team.rank() != 0) return "";
  warn_of_clipped(report);
  return summary(report, options);
}

}  // namespace dermatome
