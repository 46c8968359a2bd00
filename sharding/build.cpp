#include "sharding/build.h"

#include <algorithm>
#include <cinttypes>
#include <exception>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "sharding/directory_lock.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/json_text.h"
#include "src/core/log.h"
#include "src/core/rank_facts.h"
#include "src/core/text.h"
#include "src/text/table_cell.h"

namespace dermatome {
namespace {

// A build with too many bad images goes on, so that the list of them is complete and its shards are
// there for the next run. After this many more it ends: the folder of the images may be wrong.
constexpr int64_t kMostBeyondLimit = 1000;

// What `action` returns on every rank, by rank. If it throws an Error on one, this throws on all.
std::vector<std::string> together(BuildTeam& team, const std::function<std::string()>& action) {
  constexpr char kGood = '+', kBad = '-';
  std::exception_ptr error;
  std::string message(1, kGood);
  try {
    message += action();
  } catch (const Error&) {
    error = std::current_exception();
    message = kBad;
  }
  std::vector<std::string> texts = team.exchange(message);
  if (error) std::rethrow_exception(error);
  for (size_t rank = 0; rank < texts.size(); ++rank) {
    if (texts[rank].starts_with(kBad)) {
      throw CommunicationError(
          text("rank ", rank, " could not build its part; its own message says why"));
    }
    texts[rank].erase(0, 1);
  }
  return texts;
}

std::string to_text(const BuiltShard& shard) {
  nlohmann::json rejected = nlohmann::json::array();
  for (const auto& [image_path, reason] : shard.rejected) {
    rejected.push_back({image_path, reason});
  }
  const ShardEntry& entry = shard.entry;
  const nlohmann::json line = {{"file", entry.file},
                               {"num_samples", entry.num_samples},
                               {"bytes", entry.bytes},
                               {"crc32c", entry.crc32c},
                               {"kept", shard.kept},
                               {"rejected", rejected},
                               {"num_transparent", shard.num_transparent},
                               {"num_clipped", shard.num_clipped}};
  // JSON takes only UTF-8, which a directory's name need not be.
  return json_line(line);
}

BuiltShard from_text(const std::string& text) {
  const nlohmann::json line = nlohmann::json::parse(text);
  BuiltShard shard;
  shard.entry = {.file = line.at("file"),
                 .num_samples = line.at("num_samples"),
                 .bytes = line.at("bytes"),
                 .crc32c = line.at("crc32c")};
  shard.kept = line.at("kept");
  shard.num_transparent = line.at("num_transparent");
  shard.num_clipped = line.at("num_clipped");
  for (const nlohmann::json& pair : line.at("rejected")) {
    shard.rejected.push_back({pair.at(0), pair.at(1)});
  }
  return shard;
}

// Throws ConfigError on every rank unless the `facts` are the same on all.
void compare_ranks(const std::vector<RankFact>& facts, BuildTeam& team) {
  const std::string own = to_text(facts);
  const auto digests = team.exchange(sha256_hex(own));
  if (std::ranges::count(digests, digests.front()) == std::ssize(digests)) return;
  throw ConfigError(text(describe_differences(team.exchange(own)),
                         "; start all ranks with the same binary and arguments, and the table on a "
                         "file system that they share"));
}

class Build {
 public:
  Build(const SampleTable& table, const Tokenizer& tokenizer, const BuildOptions& options,
        BuildTeam& team)
      : table_(table),
        tokenizer_(tokenizer),
        options_(options),
        team_(team),
        builder_(table, tokenizer, options),
        num_rows_(std::ssize(table.samples)),
        max_rejected_(static_cast<int64_t>(options.max_bad * static_cast<double>(num_rows_))) {}

  BuildReport run() {
    std::optional<DirectoryLock> lock;
    compare_ranks(builder_.facts(), team_);
    together(team_, [&] {
      make_directories(options_.output);  // on every rank: perhaps they share no file system
      if (is_root()) prepare(lock);
      return std::string();
    });
    Progress progress(team_.size() == 1 ? "images" : "images of rank 0's part", own_rows());
    for (int64_t first = 0; first < builder_.num_shards(); first += team_.size()) {
      for (BuiltShard& shard : build_round(first, progress)) take(std::move(shard));
      if (std::ssize(report_.rejected) > max_rejected_ + kMostBeyondLimit) break;
    }
    check_rejected();
    together(team_, [&] {
      if (is_root()) finish();
      return std::string();
    });
    return std::move(report_);
  }

 private:
  bool is_root() const { return team_.rank() == 0; }

  int64_t own_rows() const {
    int64_t rows = 0;
    for (int64_t shard = team_.rank(); shard < builder_.num_shards(); shard += team_.size()) {
      rows += std::ssize(builder_.rows(shard));
    }
    return rows;
  }

  void prepare(std::optional<DirectoryLock>& lock) const {
    lock.emplace(options_.output);
    std::set<std::string> shards;
    for (int64_t shard = 0; shard < builder_.num_shards(); ++shard) {
      shards.insert(builder_.file_name(shard));
    }
    refuse_foreign_files(shards);
    std::set<std::string> own = std::move(shards);
    own.insert(std::string(shard_format::kManifestName));
    own.insert(kRejectedName);
    remove_leftovers(options_.output, own);
  }

  // A directory that holds another data set is left alone: mixing two would lose both.
  void refuse_foreign_files(const std::set<std::string>& planned) const {
    if (std::filesystem::exists(manifest_path(options_.output))) {
      try {
        if (read_manifest(options_.output).build_digest != builder_.build_digest()) {
          ShardBuilder::refuse(options_.output);
        }
      } catch (const DataError& error) {
        // The manifest is written anew, and every shard says itself which build it belongs to.
        log_warning(error.what());
      }
    }
    const auto unplanned = shards_besides(options_.output, planned);
    if (!unplanned.empty()) ShardBuilder::refuse(options_.output / unplanned.front());
  }

  // Shards first, first + 1, ..., one per rank.
  std::vector<BuiltShard> build_round(int64_t first, Progress& progress) {
    const auto texts = together(team_, [&]() -> std::string {
      const int64_t shard = first + team_.rank();
      if (shard >= builder_.num_shards()) return "";
      return to_text(builder_.keep_or_make(shard, progress));
    });
    std::vector<BuiltShard> shards;
    for (const std::string& text : texts) {
      if (!text.empty()) shards.push_back(from_text(text));
    }
    return shards;
  }

  void take(BuiltShard shard) {
    report_.manifest.shards.push_back(shard.entry);
    report_.num_kept_shards += shard.kept ? 1 : 0;
    report_.num_transparent += shard.num_transparent;
    report_.num_clipped += shard.num_clipped;
    std::ranges::move(shard.rejected, std::back_inserter(report_.rejected));
    log_info(format("shard %zu of %" PRId64 ": %s, %" PRId64 " samples, %.1f MB",
                    report_.manifest.shards.size(), builder_.num_shards(), shard.entry.file.c_str(),
                    shard.entry.num_samples, static_cast<double>(shard.entry.bytes) / 1e6));
  }

  void check_rejected() {
    const auto rejected = std::ssize(report_.rejected);
    if (rejected <= max_rejected_) return;
    together(team_, [&] {
      if (is_root()) write_rejected();
      return std::string();
    });
    const bool all = std::ssize(report_.manifest.shards) == builder_.num_shards();
    throw DataError(
        text(rejected, " of ", num_rows_, " images cannot be read", all ? "" : " so far", ", ",
             max_rejected_, " are allowed; ", options_.output / kRejectedName,
             " lists them: repair them, or raise --max-bad, and run again, which keeps the "
             "shards that are whole; the first: ",
             report_.rejected.front().reason));
  }

  void finish() {
    Manifest& manifest = report_.manifest;
    if (manifest.num_samples() == 0) {
      throw DataError(text("no image of the table could be read; the first: ",
                           report_.rejected.front().reason));
    }
    for (const ShardEntry& entry : manifest.shards) check_visible(entry);
    manifest.format_version = shard_format::kFormatVersion;
    manifest.tokenizer_hash = tokenizer_.hash();
    manifest.num_captions = static_cast<int64_t>(table_.aspects.size());
    manifest.aspects = table_.aspects;
    manifest.image_short_side = options_.images.short_side;
    manifest.image_encoding = encoding_name(options_.images);
    manifest.jpeg_quality = stored_quality(options_.images);
    manifest.label_names = table_.label_names;
    manifest.num_rejected = std::ssize(report_.rejected);
    manifest.build_digest = builder_.build_digest();
    write_rejected();
    manifest = write_manifest(options_.output, std::move(manifest));
  }

  void check_visible(const ShardEntry& entry) const {
    const std::filesystem::path path = options_.output / entry.file;
    std::error_code missing;
    if (std::filesystem::file_size(path, missing) == entry.bytes && !missing) return;
    throw DataError(text(
        path,
        " was written by another rank, but rank 0 does not see it; choose an --output that all "
        "ranks share and run again, which keeps the shards that are there"));
  }

  void write_rejected() const {
    const std::filesystem::path path = options_.output / kRejectedName;
    if (report_.rejected.empty()) {
      std::filesystem::remove(path);
      return;
    }
    std::string list = "filename,reason\n";
    for (const auto& [image_path, reason] : report_.rejected) {
      list += quote_cell(image_path) + "," + quote_cell(reason) + "\n";
    }
    write_file_atomically(path, list);
  }

  const SampleTable& table_;
  const Tokenizer& tokenizer_;
  const BuildOptions& options_;
  BuildTeam& team_;
  ShardBuilder builder_;
  int64_t num_rows_;
  int64_t max_rejected_;
  BuildReport report_;
};

}  // namespace

BuildReport build_shards(const SampleTable& table, const Tokenizer& tokenizer,
                         const BuildOptions& options, BuildTeam& team) {
  require(options.samples_per_shard >= 1, "samples_per_shard below 1");
  if (!(options.max_bad >= 0.0 && options.max_bad <= 1.0)) {
    throw ConfigError(
        text("max_bad is ", options.max_bad, "; a fraction from 0 to 1 was expected"));
  }
  return Build(table, tokenizer, options, team).run();
}

BuildReport build_shards(const SampleTable& table, const Tokenizer& tokenizer,
                         const BuildOptions& options) {
  LoneBuilder alone;
  return build_shards(table, tokenizer, options, alone);
}

}  // namespace dermatome
