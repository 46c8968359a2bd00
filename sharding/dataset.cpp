#include "sharding/dataset.h"

#include <algorithm>

#include "sharding/open_shard.h"
#include "src/core/error.h"
#include "src/core/hash.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

void check_mixture(const std::vector<DataSource>& sources) {
  const DataSource& first = sources.front();
  for (const DataSource& source : sources) {
    const std::string name = "the data set " + source.directory.string();
    if (source.manifest.num_samples() == 0) {
      throw ConfigError(name + " has no samples; leave it out of the mixture");
    }
    if (source.manifest.aspects != first.manifest.aspects) {
      throw ConfigError(
          text(name, " has ", source.manifest.num_captions, " captions per sample, but ",
               first.directory, " has ", first.manifest.num_captions,
               ", or they mean other things; shard them with the same captions, or train "
               "on one of them"));
    }
  }
}

}  // namespace

ShardedDataset::ShardedDataset(const std::vector<std::filesystem::path>& sources,
                               std::optional<TokenFormat> tokens, OpenShardLimits limits)
    : tokens_(tokens), limits_(limits) {
  require(!sources.empty(), "a data set of no sources");
  size_t num_shards = 0;
  for (const std::filesystem::path& path : sources) {
    sources_.push_back(read_source(path));
    num_shards += sources_.back().manifest.shards.size();
  }
  if (sources_.size() > 1) check_mixture(sources_);
  if (tokens_) make_token_files(sources_, *tokens_, /*num_threads=*/0);
  slots_ = std::vector<Slot>(num_shards);
  size_t shard = 0;
  for (size_t source = 0; source < sources_.size(); ++source) {
    const std::vector<ShardEntry>& entries = sources_[source].manifest.shards;
    for (size_t entry = 0; entry < entries.size(); ++entry) {
      slots_[shard].source = source;
      slots_[shard++].entry = entry;
      first_row_.push_back(first_row_.back() + entries[entry].num_samples);
    }
  }
}

ShardedDataset::ShardedDataset(const std::filesystem::path& source,
                               std::optional<TokenFormat> tokens, OpenShardLimits limits)
    : ShardedDataset(std::vector{source}, tokens, limits) {}

std::vector<int64_t> ShardedDataset::source_sizes() const {
  std::vector<int64_t> sizes;
  for (const DataSource& source : sources_) sizes.push_back(source.manifest.num_samples());
  return sizes;
}

std::string ShardedDataset::digest() const {
  if (sources_.size() == 1) return sources_.front().manifest.digest;
  std::string digests;
  for (const DataSource& source : sources_) digests += source.manifest.digest + "\n";
  return sha256_hex(digests);
}

const std::string& ShardedDataset::tokenizer_hash() const {
  return tokens_ ? tokens_->tokenizer.hash() : sources_.front().manifest.tokenizer_hash;
}

std::string ShardedDataset::digest_with_tokens() const {
  const bool is_stored = std::ranges::all_of(sources_, [this](const DataSource& source) {
    return source.manifest.tokenizer_hash == tokenizer_hash();
  });
  return is_stored ? digest() : sha256_hex(text(digest(), "\n", tokenizer_hash()));
}

int64_t ShardedDataset::max_open_shards() const {
  if (size() == 0) return limits_.shards;
  const double bytes_per_shard =
      static_cast<double>(kMetadataBytesPerSample * size()) / static_cast<double>(num_shards());
  const auto by_bytes = static_cast<int64_t>(static_cast<double>(limits_.bytes) / bytes_per_shard);
  return std::max<int64_t>(1, std::min(limits_.shards, by_bytes));
}

size_t ShardedDataset::shard_of(int64_t global_index) const {
  require(global_index >= 0 && global_index < size(),
          [&] { return text("sample ", global_index, " of ", size()); });
  const auto next = std::upper_bound(first_row_.begin(), first_row_.end(), global_index);
  return next - first_row_.begin() - 1;
}

std::filesystem::path ShardedDataset::shard_path(int64_t global_index) const {
  const Slot& slot = slots_[shard_of(global_index)];
  const DataSource& source = sources_[slot.source];
  return source.directory / source.manifest.shards[slot.entry].file;
}

SamplePlace ShardedDataset::locate(int64_t global_index) const {
  const size_t shard = shard_of(global_index);
  Slot& slot = slots_[shard];
  SamplePlace place{nullptr, global_index - first_row_[shard]};
  {
    const MutexLock lock(slot.mutex);
    const bool was_open = slot.reader != nullptr;
    if (!was_open) {
      const DataSource& source = sources_[slot.source];
      const Opening opening = slot.last_use == 0 ? Opening::kFirst : Opening::kAgain;
      const auto reader = open_shard(source, source.manifest.shards[slot.entry], opening);
      if (tokens_) give_tokens(*reader, source, *tokens_);
      slot.reader = reader;
    }
    place.shard = slot.reader;
    // Only now: while a shard was opened, all the others may have been used.
    slot.last_use = ++clock_;
    if (was_open) return place;
  }
  keep_within_limits(shard, place.shard->memory_bytes());
  return place;
}

void ShardedDataset::keep_within_limits(size_t opened, uint64_t bytes) const {
  const MutexLock lock(open_mutex_);
  open_.push_back({opened, bytes});
  open_bytes_ += bytes;
  while (open_.size() > 1 && (std::ssize(open_) > limits_.shards || open_bytes_ > limits_.bytes)) {
    const auto oldest = std::ranges::min_element(
        open_, {}, [this](const Open& open) { return slots_[open.shard].last_use.load(); });
    Slot& slot = slots_[oldest->shard];
    const MutexLock slot_lock(slot.mutex);
    slot.reader.reset();
    open_bytes_ -= oldest->bytes;
    open_.erase(oldest);
  }
}

}  // namespace dermatome
