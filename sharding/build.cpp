#include "sharding/build.h"

#include <algorithm>
#include <cinttypes>
#include <optional>
#include <set>
#include <span>

#include "sharding/directory_lock.h"
#include "sharding/parallel.h"
#include "sharding/shard_reader.h"
#include "sharding/shard_writer.h"
#include "sharding/verify.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/log.h"

namespace dermatome {
namespace {

std::filesystem::path picture_path(const std::filesystem::path& root, const std::string& name) {
  if (root.empty()) return name;
  return root / std::filesystem::path(name).relative_path();
}

// Of everything but the pictures that decides a data set's bytes.
std::string digest_of_build(const SampleTable& table, const std::string& tokenizer_hash,
                            const BuildOptions& options) {
  Sha256 hash;
  const auto add = [&](const std::string& item) {
    hash.update(std::to_string(item.size()) + ":" + item);
  };
  add(std::to_string(shard_format::kFormatVersion));
  add(table.content_hash);
  add(tokenizer_hash);
  add(std::string(encoding_name(options.images)));
  add(std::to_string(options.images.short_side));
  add(options.images.raw ? "" : std::to_string(options.images.quality));
  add(std::to_string(options.samples_per_shard));
  for (const std::string& aspect : table.aspects) add(aspect);
  for (const std::string& label : table.label_names) add(label);
  return hash.finish();
}

class Builder {
 public:
  Builder(const SampleTable& table, const Tokenizer& tokenizer, const BuildOptions& options)
      : table_(table),
        tokenizer_(tokenizer),
        options_(options),
        build_digest_(digest_of_build(table, tokenizer.hash(), options)) {
    const auto rows = static_cast<int64_t>(table.samples.size());
    num_shards_ = (rows + options.samples_per_shard - 1) / options.samples_per_shard;
    max_rejected_ = static_cast<int64_t>(options.max_bad * static_cast<double>(rows));
  }

  BuildReport run() {
    make_directories(options_.output);
    const DirectoryLock lock(options_.output);
    remove_leftovers(options_.output);
    refuse_foreign_files();
    for (int64_t shard = 0; shard < num_shards_; ++shard) {
      report_.manifest.shards.push_back(keep_or_make(shard));
      const ShardEntry& entry = report_.manifest.shards.back();
      log_info(format("shard %" PRId64 " of %" PRId64 ": %s, %" PRId64 " samples, %.1f MB",
                      shard + 1, num_shards_, entry.file.c_str(), entry.num_samples,
                      static_cast<double>(entry.bytes) / 1e6));
    }
    if (report_.manifest.num_samples() == 0) {
      throw DataError("no picture of the table could be read; the first: " +
                      (report_.rejected.empty() ? "none listed" : report_.rejected.front()));
    }
    finish_manifest();
    return std::move(report_);
  }

 private:
  std::string file_name(int64_t shard) const { return format("shard-%05" PRId64 ".h5", shard); }

  std::span<const CaptionedSample> rows(int64_t shard) const {
    const int64_t first = shard * options_.samples_per_shard;
    const auto total = static_cast<int64_t>(table_.samples.size());
    return std::span(table_.samples)
        .subspan(first, std::min(options_.samples_per_shard, total - first));
  }

  // A directory that holds another data set is left alone: mixing two would lose both.
  void refuse_foreign_files() const {
    if (std::filesystem::exists(manifest_path(options_.output))) {
      try {
        if (read_manifest(options_.output).build_digest != build_digest_) {
          refuse(options_.output.string());
        }
      } catch (const DataError& error) {
        // It is written anew, and every shard says itself which build it belongs to.
        log_warning(error.what());
      }
    }
    std::set<std::string> planned;
    for (int64_t shard = 0; shard < num_shards_; ++shard) planned.insert(file_name(shard));
    const auto unplanned = shards_besides(options_.output, planned);
    if (!unplanned.empty()) refuse((options_.output / unplanned.front()).string());
  }

  [[noreturn]] static void refuse(const std::string& path) {
    throw ConfigError(path +
                      " belongs to another table, tokenizer or other options; choose another "
                      "--output, or remove it first");
  }

  ShardEntry keep_or_make(int64_t shard) {
    const std::filesystem::path path = options_.output / file_name(shard);
    const std::string source_digest = digest_of_sources(rows(shard));
    if (const auto kept = keep(path, source_digest)) {
      ++report_.num_kept_shards;
      return *kept;
    }
    // From here on the directory changes: a manifest from before would describe something else.
    std::filesystem::remove(manifest_path(options_.output));
    return make(path, rows(shard), source_digest);
  }

  // The entry of the shard at `path` if it is the one that would be made anew.
  std::optional<ShardEntry> keep(const std::filesystem::path& path,
                                 const std::string& source_digest) {
    if (!std::filesystem::exists(path)) return std::nullopt;
    try {
      const ShardReader reader(path, tokenizer_.hash());
      if (reader.header().build_digest != build_digest_) refuse(path.string());
      if (reader.header().source_digest != source_digest) {
        log_info(path.string() + " is made again: its picture files have changed");
        return std::nullopt;
      }
      const auto problems = verify_shard(reader, tokenizer_, options_.num_threads);
      if (problems.empty()) {
        count_rejected(reader.header().num_rejected);
        return describe(reader);
      }
      log_warning(problems.front() + "; the shard is made again");
    } catch (const DataError& error) {
      log_warning(std::string(error.what()) + "; the shard is made again");
    }
    return std::nullopt;
  }

  ShardEntry make(const std::filesystem::path& path, std::span<const CaptionedSample> samples,
                  const std::string& source_digest) {
    std::vector<ImageRecord> images(samples.size());
    std::vector<std::string> errors(samples.size());
    parallel_for(static_cast<int64_t>(samples.size()), options_.num_threads, [&](int64_t i) {
      try {
        images[i] = make_image_record(picture_path(options_.image_root, samples[i].image_path),
                                      options_.images);
      } catch (const DataError& error) {
        errors[i] = error.what();
      }
    });
    std::vector<ShardSample> readable;
    for (size_t i = 0; i < samples.size(); ++i) {
      if (errors[i].empty()) {
        readable.push_back({&samples[i], std::move(images[i])});
      } else {
        log_warning("unreadable picture: " + errors[i]);
        report_.rejected.push_back(errors[i]);
      }
    }
    const auto num_rejected = static_cast<int64_t>(samples.size() - readable.size());
    count_rejected(num_rejected);
    write_shard(path,
                {.tokenizer_hash = tokenizer_.hash(),
                 .aspects = table_.aspects,
                 .images = options_.images,
                 .label_names = table_.label_names,
                 .build_digest = build_digest_,
                 .source_digest = source_digest,
                 .num_rejected = num_rejected},
                readable, tokenizer_, options_.num_threads);
    return describe(ShardReader(path, tokenizer_.hash()));
  }

  // Names and sizes of the picture files, so that a shard is made again when a picture was
  // repaired. Not their times: a copy of the pictures gives the same data set.
  std::string digest_of_sources(std::span<const CaptionedSample> samples) const {
    std::vector<std::string> items(samples.size());
    parallel_for(static_cast<int64_t>(samples.size()), options_.num_threads, [&](int64_t i) {
      std::error_code missing;
      const auto bytes = std::filesystem::file_size(
          picture_path(options_.image_root, samples[i].image_path), missing);
      items[i] = samples[i].image_path;
      items[i] += missing ? "\tmissing\n" : format("\t%" PRIu64 "\n", uint64_t{bytes});
    });
    Sha256 hash;
    for (const std::string& item : items) hash.update(item);
    return hash.finish();
  }

  void count_rejected(int64_t number) {
    num_rejected_ += number;
    if (num_rejected_ <= max_rejected_) return;
    throw DataError(std::to_string(num_rejected_) + " of " + std::to_string(table_.samples.size()) +
                    " pictures cannot be read so far, " + std::to_string(max_rejected_) +
                    " are allowed; repair them, or raise --max-bad" +
                    (report_.rejected.empty() ? "" : "; the last: " + report_.rejected.back()));
  }

  static ShardEntry describe(const ShardReader& reader) {
    return {.file = reader.path().filename().string(),
            .num_samples = reader.num_samples(),
            .bytes = reader.file_size(),
            .crc32c = crc32c_of_file(reader.path())};
  }

  void finish_manifest() {
    Manifest& manifest = report_.manifest;
    manifest.format_version = shard_format::kFormatVersion;
    manifest.tokenizer_hash = tokenizer_.hash();
    manifest.num_captions = static_cast<int64_t>(table_.aspects.size());
    manifest.aspects = table_.aspects;
    manifest.image_short_side = options_.images.short_side;
    manifest.image_encoding = encoding_name(options_.images);
    manifest.jpeg_quality = stored_quality(options_.images);
    manifest.label_names = table_.label_names;
    manifest.num_rejected = num_rejected_;
    manifest.build_digest = build_digest_;
    manifest = write_manifest(options_.output, std::move(manifest));
  }

  const SampleTable& table_;
  const Tokenizer& tokenizer_;
  const BuildOptions& options_;
  std::string build_digest_;
  int64_t num_shards_ = 0;
  int64_t max_rejected_ = 0;
  int64_t num_rejected_ = 0;
  BuildReport report_;
};

}  // namespace

BuildReport build_shards(const SampleTable& table, const Tokenizer& tokenizer,
                         const BuildOptions& options) {
  require(options.samples_per_shard >= 1, "samples_per_shard below 1");
  if (!(options.max_bad >= 0.0 && options.max_bad <= 1.0)) {
    throw ConfigError("max_bad is " + std::to_string(options.max_bad) +
                      "; a fraction from 0 to 1 was expected");
  }
  return Builder(table, tokenizer, options).run();
}

}  // namespace dermatome
