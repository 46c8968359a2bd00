#include "sharding/shard_tokens.h"

#include <algorithm>
#include <random>
#include <string>
#include <string_view>
#include <utility>

#include "sharding/format.h"
#include "sharding/open_shard.h"
#include "sharding/token_files.h"
#include "sharding/token_table.h"
#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/progress.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

TokenFiles files_of(const DataSource& source, const TokenFormat& format) {
  return {source, format.tokenizer, format.context_length};
}

TokenTable make_tokens(const ShardReader& shard, const TokenFormat& format, int num_threads) {
  const std::vector<std::string> texts = shard.caption_texts();
  return tokenize(std::vector<std::string_view>(texts.begin(), texts.end()), format.tokenizer,
                  format.context_length, num_threads);
}

struct MissingFile {
  const DataSource* source;
  const ShardEntry* shard;
};

std::vector<MissingFile> missing_files(const std::vector<DataSource>& sources,
                                       const TokenFormat& format) {
  std::vector<MissingFile> missing;
  for (const DataSource& source : sources) {
    if (holds_tokens(source.manifest, format)) continue;
    const TokenFiles files = files_of(source, format);
    for (const ShardEntry& shard : source.manifest.shards) {
      if (!files.has(shard.file)) missing.push_back({&source, &shard});
    }
  }
  return missing;
}

}  // namespace

bool holds_tokens(const Manifest& manifest, const TokenFormat& format) {
  return manifest.tokenizer_hash == format.tokenizer.hash() &&
         format.context_length <= shard_format::kStoredContext;
}

void give_tokens(ShardReader& shard, const DataSource& source, const TokenFormat& format) {
  if (holds_tokens(source.manifest, format)) {
    if (format.context_length < shard_format::kStoredContext) {
      shard.set_tokens(cut_texts(shard.token_table(), format.context_length));
    }
    return;
  }
  const TokenFiles files = files_of(source, format);
  const std::string name = shard.path().filename();
  auto tokens = files.read(name, shard.caption_table_size());
  if (!tokens) {
    // Shards are opened by many threads, so each takes one.
    tokens = make_tokens(shard, format, /*num_threads=*/1);
    files.write(name, *tokens);
  }
  shard.set_tokens(std::move(*tokens));
}

void make_token_files(const std::vector<DataSource>& sources, const TokenFormat& format,
                      int num_threads, const std::stop_token& stop) {
  check_vocabulary(format.tokenizer);
  std::vector<MissingFile> missing = missing_files(sources, format);
  if (missing.empty()) return;
  log_info(text("the captions of ", missing.size(), " shard(s) are tokenized for this model"));
  // Each process takes its own order, so that most shards are done by one of them only.
  std::ranges::shuffle(missing, std::mt19937_64(std::random_device()()));
  Progress progress("shards whose captions are tokenized", std::ssize(missing));
  for (const auto& [source, entry] : missing) {
    if (stop.stop_requested()) throw DataError("the tokenizing of captions was stopped");
    const TokenFiles files = files_of(*source, format);
    if (!files.has(entry->file)) {
      try {
        const auto shard = open_shard(*source, *entry);
        const std::string problem =
            files.write(entry->file, make_tokens(*shard, format, num_threads));
        if (!problem.empty()) {
          log_warning(text("token ids of captions cannot be kept (", problem,
                           "), so each process makes them again whenever it opens a shard; set "
                           "XDG_CACHE_HOME to a folder that can be written"));
          return;
        }
      } catch (const DataError& error) {
        log_warning(text(error.what(), "; its captions are not tokenized"));
      } catch (const StorageLost& error) {
        log_warning(text(error.what(), "; captions are tokenized when their shard is opened"));
        return;
      }
    }
    progress.add(1);
  }
}

}  // namespace dermatome
