#include "sharding/build_source.h"

#include <algorithm>

#include "sharding/captioned_folder.h"
#include "sharding/excluded_images.h"
#include "src/core/caption_rows.h"
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

// Logs what a training will find missing.
void log_captions(const std::string& name, const SampleTable& table) {
  int64_t last = -1;  // the last place of a caption in any sample
  for (const CaptionedSample& sample : table.samples) {
    const auto end = std::find(sample.mask.rbegin(), sample.mask.rend(), 1);
    last = std::max<int64_t>(last, sample.mask.rend() - end - 1);
  }
  if (last < 0) {
    log_warning(
        text(name,
             ": no image has a caption, and training needs captions: --template \"a photo of "
             "a {}\" makes them from labels, --caption-column names a column of captions"));
  } else if (last == kRawCaption) {
    log_info(text(name,
                  ": images have raw captions alone, which objective.name=clip trains on; "
                  "tools/captions.py makes the other captions of MAKE's objective"));
  }
}

}  // namespace

std::string build_from(const SampleSource& source, BuildOptions options, BuildTeam& team) {
  const bool is_folder = !source.folder.empty();
  if (is_folder) options.image_root = source.folder;
  const std::string& name = is_folder ? source.folder : source.csv;
  SampleTable table = is_folder
                          ? read_captioned_folder(source.folder, source.table, options.num_threads)
                          : read_table(source.csv, source.table);
  const int64_t left_out = source.exclude.empty() ? 0 : leave_out(table, source.exclude);
  if (team.rank() == 0) {
    log_info(text(name, ": ", table.samples.size(), " images, read as ", table.kind));
    if (!source.exclude.empty())
      log_info(text(source.exclude, ": ", left_out, " image(s) left out"));
    for (const std::string& warning : table.warnings) log_warning(text(name, ": ", warning));
    log_captions(name, table);
  }
  const BuildReport report = build_shards(table, Tokenizer(), options, team);
  return team.rank() == 0 ? summary(report, options.output) : "";
}

}  // namespace dermatome
