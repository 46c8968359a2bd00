#include "sharding/build_source.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <unordered_map>

#include "sharding/captioned_folder.h"
#include "sharding/excluded_images.h"
#include "sharding/shard_tokens.h"
#include "src/core/caption_rows.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"
#include "src/text/clip_tokenizer.h"
#include "src/text/read_tokenizer.h"

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

// Throws DataError if none of the images is there. Then their folder is wrong, which a list of the
// files would not tell.
void check_images_are_there(const SampleSource& source, const SampleTable& table,
                            const std::filesystem::path& root) {
  constexpr size_t kMostLookedFor = 100;
  const size_t num_rows = table.samples.size();
  const size_t num_looked_for = std::min(num_rows, kMostLookedFor);
  for (size_t i = 0; i < num_looked_for; ++i) {
    const auto path = image_path(root, table.samples[i * num_rows / num_looked_for].image_path);
    std::error_code problem;  // other problems may pass
    const auto found = std::filesystem::status(path, problem).type();
    if (found != std::filesystem::file_type::not_found) return;
  }
  const bool is_folder = !source.folder.empty();
  const std::string remedy =
      is_folder      ? "Names are relative to the table that has them: correct the table"
      : root.empty() ? "Name the folder of the images by --images"
                     : text("--images ", root,
                            " is put before every file name of the table: correct it, or leave it "
                            "out if the names are whole paths");
  throw DataError(
      text(is_folder ? source.folder : source.csv, ": none of its images is there",
           num_looked_for < num_rows ? text(" (", num_looked_for, " were looked for)") : "",
           "; for example, there is no ", image_path(root, table.samples.front().image_path), ". ",
           remedy));
}

// Images may stand in several rows on purpose, with other captions.
void log_repeated_images(const std::string& name, const SampleTable& table) {
  std::unordered_map<std::string_view, int64_t> num_rows;
  for (const CaptionedSample& sample : table.samples) ++num_rows[sample.image_path];
  const auto repeated = std::ranges::count_if(num_rows, [](const auto& e) { return e.second > 1; });
  if (repeated == 0) return;
  log_info(text(name, ": ", repeated, " image(s) stand in more than one row, ",
                std::ssize(table.samples) - std::ssize(num_rows),
                " row(s) repeat an image of an earlier one; every row is a sample of its own"));
}

}  // namespace

std::string build_from(const SampleSource& source, BuildOptions options, BuildTeam& team) {
  // Read first: a mistake in it must not cost the time that images take.
  const std::unique_ptr<const Tokenizer> tokenizer = read_tokenizer(source.tokenizer);
  check_vocabulary(*tokenizer);
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
  check_images_are_there(source, table, options.image_root);
  const BuildReport report = build_shards(table, ClipTokenizer(), options, team);
  if (team.rank() != 0) return "";
  log_repeated_images(name, table);
  make_token_files({read_source(options.output)}, {*tokenizer, source.context_length},
                   options.num_threads);
  warn_of_clipped(report);
  return summary(report, options);
}

}  // namespace dermatome
