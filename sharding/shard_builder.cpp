#include "sharding/shard_builder.h"

#include <algorithm>
#include <cinttypes>

#include "sharding/parallel.h"
#include "sharding/shard_writer.h"
#include "sharding/storage_retry.h"
#include "sharding/verify.h"
#include "src/core/error.h"
#include "src/core/hash.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

// Raised whenever equal tables and images begin to give other shards.
constexpr int kIngestionVersion = 4;

// A part of what decides the data set's bytes.
struct Ingredient {
  std::string what;  // name in messages
  std::vector<std::string> values;
  bool is_shown = false;
};

// Everything except the images, in the order in which it enters the digest.
std::vector<Ingredient> ingredients_of(const SampleTable& table, const std::string& tokenizer_hash,
                                       const BuildOptions& options) {
  const ImagePolicy& images = options.images;
  return {{"the version of shards", {text(shard_format::kFormatVersion), text(kIngestionVersion)}},
          {"the kind of the table", {table.kind}, /*is_shown=*/true},
          {"the content of the table or folder", {table.content_hash}},
          {"the tokenizer", {tokenizer_hash}},
          {"the encoding, short side and quality of images",
           {std::string(encoding_name(images)), text(images.short_side),
            images.raw ? "" : text(images.quality)},
           /*is_shown=*/true},
          {"the background of transparent images",
           {std::string(background_name(images.background))},
           /*is_shown=*/true},
          {"the samples per shard", {text(options.samples_per_shard)}, /*is_shown=*/true},
          {"the captions", table.aspects},
          {"the labels", table.label_names}};
}

std::string digest_of_build(const std::vector<Ingredient>& ingredients) {
  Sha256 hash;
  for (const Ingredient& ingredient : ingredients) {
    for (const std::string& value : ingredient.values) {
      hash.update(text(value.size(), ":", value));
    }
  }
  return hash.finish();
}

ShardEntry describe(const ShardReader& reader) {
  return {.file = reader.path().filename().string(),
          .num_samples = reader.num_samples(),
          .bytes = reader.file_size(),
          .crc32c = crc32c_of_file(reader.path())};
}

std::string describe_size(const std::filesystem::path& image) {
  return retry_storage([&]() -> std::string {
    std::error_code error;
    const uint64_t bytes = std::filesystem::file_size(image, error);
    if (!error) return text(bytes);
    if (!may_pass(error.value())) return "missing";
    throw StorageFailure(text("cannot look at ", image, ": ", error.message()));
  });
}

}  // namespace

ShardBuilder::ShardBuilder(const SampleTable& table, const Tokenizer& tokenizer,
                           const BuildOptions& options)
    : table_(table),
      tokenizer_(tokenizer),
      options_(options),
      build_digest_(digest_of_build(ingredients_of(table, tokenizer.hash(), options))) {
  const auto rows = static_cast<int64_t>(table.samples.size());
  num_shards_ = (rows + options.samples_per_shard - 1) / options.samples_per_shard;
}

std::vector<RankFact> ShardBuilder::facts() const {
  // max_bad decides when a process ends, not what it writes.
  std::vector<RankFact> facts = {{"the binary", options_.binary, /*is_shown=*/true},
                                 {"--max-bad", text(options_.max_bad), /*is_shown=*/true}};
  for (const auto& [what, values, is_shown] : ingredients_of(table_, tokenizer_.hash(), options_)) {
    const std::string value = values.size() == 1 ? values.front() : list_value(values);
    facts.push_back({what, is_shown ? value : sha256_hex(value), is_shown});
  }
  return facts;
}

std::string ShardBuilder::file_name(int64_t shard) const {
  return format("shard-%05" PRId64 ".h5", shard);
}

std::span<const CaptionedSample> ShardBuilder::rows(int64_t shard) const {
  const int64_t first = shard * options_.samples_per_shard;
  const auto total = static_cast<int64_t>(table_.samples.size());
  return std::span(table_.samples)
      .subspan(first, std::min(options_.samples_per_shard, total - first));
}

void ShardBuilder::refuse(const std::filesystem::path& path) {
  throw ConfigError(text(path,
                         " belongs to another table, tokenizer or other options; choose another "
                         "--output, or remove it first"));
}

BuiltShard ShardBuilder::keep_or_make(int64_t shard, Progress& progress) const {
  const std::string source_digest = digest_of_sources(rows(shard));
  if (auto kept = keep(shard, source_digest)) {
    progress.add(std::ssize(rows(shard)), /*skipped=*/true);
    return std::move(*kept);
  }
  // From here on the directory changes, and an older manifest would describe something else.
  std::filesystem::remove(manifest_path(options_.output));
  return make(shard, source_digest, progress);
}

// The shard that is there, if making it anew would give the same.
std::optional<BuiltShard> ShardBuilder::keep(int64_t shard,
                                             const std::string& source_digest) const {
  const std::filesystem::path path = options_.output / file_name(shard);
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const ShardReader reader(path);
    if (reader.header().build_digest != build_digest_) refuse(path);
    if (reader.header().source_digest != source_digest) {
      log_info(path.string() + " is made again: its image files have changed");
      return std::nullopt;
    }
    const auto problems = verify_shard(reader, tokenizer_, options_.num_threads);
    if (!problems.empty()) {
      log_warning(problems.front() + "; the shard is made again");
      return std::nullopt;
    }
    if (auto rejected = rejected_before(shard, reader)) {
      const ShardHeader& header = reader.header();
      return BuiltShard{.entry = describe(reader),
                        .kept = true,
                        .rejected = std::move(*rejected),
                        .num_transparent = std::max<int64_t>(header.num_transparent, 0),
                        .num_clipped = std::max<int64_t>(header.num_clipped, 0)};
    }
    log_info(path.string() + " is made again: an image that it lacks can be read now");
  } catch (const DataError& error) {
    log_warning(text(error.what(), "; the shard is made again"));
  }
  return std::nullopt;
}

// Why the rows that `reader` lacks were left out; nullopt when one of them can be read.
std::optional<std::vector<RejectedImage>> ShardBuilder::rejected_before(
    int64_t shard, const ShardReader& reader) const {
  std::vector<RejectedImage> rejected;
  int64_t next = 0;
  for (const CaptionedSample& sample : rows(shard)) {
    if (next < reader.num_samples() && reader.source(next) == sample.image_path) {
      ++next;
      continue;
    }
    const std::string problem = image_problem([&] {
      make_image_record(image_path(options_.image_root, sample.image_path), options_.images);
    });
    if (problem.empty()) return std::nullopt;
    rejected.push_back({sample.image_path, problem});
  }
  return rejected;
}

BuiltShard ShardBuilder::make(int64_t shard, const std::string& source_digest,
                              Progress& progress) const {
  const std::span<const CaptionedSample> samples = rows(shard);
  std::vector<ImageRecord> images(samples.size());
  std::vector<std::string> errors(samples.size());
  parallel_for(std::ssize(samples), options_.num_threads, [&](int64_t i) {
    errors[i] = image_problem([&] {
      images[i] = make_image_record(image_path(options_.image_root, samples[i].image_path),
                                    options_.images);
    });
    progress.add(1);
  });
  BuiltShard built;
  std::vector<ShardSample> readable;
  for (size_t i = 0; i < samples.size(); ++i) {
    if (errors[i].empty()) {
      built.num_transparent += images[i].transparent ? 1 : 0;
      built.num_clipped += images[i].clipped ? 1 : 0;
      readable.push_back({&samples[i], std::move(images[i])});
    } else {
      log_warning("unreadable image: " + errors[i]);
      built.rejected.push_back({samples[i].image_path, errors[i]});
    }
  }
  const std::filesystem::path path = options_.output / file_name(shard);
  write_shard(path,
              {.tokenizer_hash = tokenizer_.hash(),
               .aspects = table_.aspects,
               .images = options_.images,
               .label_names = table_.label_names,
               .build_digest = build_digest_,
               .source_digest = source_digest,
               .num_rejected = std::ssize(built.rejected),
               .num_transparent = built.num_transparent,
               .num_clipped = built.num_clipped},
              readable, tokenizer_, options_.num_threads);
  built.entry = describe(ShardReader(path));
  return built;
}

// Names and sizes of the image files, so that a shard is made again when an image was repaired.
// Not their times: a copy of the images gives the same data set.
std::string ShardBuilder::digest_of_sources(std::span<const CaptionedSample> samples) const {
  std::vector<std::string> items(samples.size());
  parallel_for(std::ssize(samples), options_.num_threads, [&](int64_t i) {
    const std::string& name = samples[i].image_path;
    items[i] = text(name, "\t", describe_size(image_path(options_.image_root, name)), "\n");
  });
  Sha256 hash;
  for (const std::string& item : items) hash.update(item);
  return hash.finish();
}

}  // namespace dermatome
