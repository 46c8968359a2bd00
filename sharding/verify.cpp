#include "sharding/verify.h"

#include <algorithm>
#include <set>

#include "sharding/format.h"
#include "sharding/open_shard.h"
#include "sharding/parallel.h"
#include "src/core/error.h"
#include "src/core/hash.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

void append(std::vector<std::string>& problems, const std::vector<std::string>& found) {
  std::copy_if(found.begin(), found.end(), std::back_inserter(problems),
               [](const std::string& problem) { return !problem.empty(); });
}

void verify_entry(const DataSource& source, const ShardEntry& entry, const Tokenizer& tokenizer,
                  int num_threads, VerifyReport& report) {
  try {
    const auto shard = open_shard(source, entry);
    append(report.problems, verify_shard(*shard, tokenizer, num_threads));
    if (crc32c_of_file(shard->path()) != entry.crc32c) {
      report.problems.push_back(
          text("shard ", shard->path(), ": the file fails the manifest's checksum"));
    }
    report.num_samples += shard->num_samples();
    report.bytes += entry.bytes;
    report.num_unchecked += shard->header().tokenizer_hash != tokenizer.hash() ? 1 : 0;
    ++report.num_shards;
  } catch (const DataError& error) {
    report.problems.emplace_back(error.what());
  }
}

}  // namespace

VerifyReport verify_dataset(const std::filesystem::path& directory_or_manifest,
                            const Tokenizer& tokenizer, int num_threads) {
  const DataSource source = read_source(directory_or_manifest);
  VerifyReport report;
  std::set<std::string> known;
  for (const ShardEntry& entry : source.manifest.shards) {
    verify_entry(source, entry, tokenizer, num_threads, report);
    known.insert(entry.file);
  }
  for (const std::string& name : shards_besides(source.directory, known)) {
    report.problems.push_back(text("shard ", source.directory / name, " is not in the manifest"));
  }
  return report;
}

std::vector<std::string> verify_shard(const ShardReader& shard, const Tokenizer& tokenizer,
                                      int num_threads) {
  std::vector<std::string> images(shard.num_samples());
  parallel_for(shard.num_samples(), num_threads, [&](int64_t row) {
    try {
      shard.decode(row);
    } catch (const CorruptRecord& error) {
      images[row] = error.what();
    }
  });
  const bool comparable = shard.header().tokenizer_hash == tokenizer.hash();
  std::vector<std::string> captions(comparable ? shard.caption_table_size() : 0);
  parallel_for(std::ssize(captions), num_threads, [&](int64_t i) {
    const auto caption = static_cast<int32_t>(i);
    const auto stored = shard.tokens(caption);
    const std::vector<int32_t> expected =
        tokenizer.encode(shard.caption_text(caption), shard_format::kStoredContext);
    if (!std::equal(stored.begin(), stored.end(), expected.begin(), expected.end())) {
      captions[i] = text("shard ", shard.path(), " caption ", i, " ('", shard.caption_text(caption),
                         "'): its tokens are not the tokenizer's");
    }
  });
  std::vector<std::string> problems;
  append(problems, images);
  append(problems, captions);
  return problems;
}

}  // namespace dermatome
