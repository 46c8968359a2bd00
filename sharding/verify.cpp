#include "sharding/verify.h"

#include <algorithm>
#include <set>

#include "sharding/dataset.h"
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

void verify_entry(const std::filesystem::path& directory, const Manifest& manifest,
                  const ShardEntry& entry, const Tokenizer& tokenizer, int num_threads,
                  VerifyReport& report) {
  try {
    const auto shard = open_shard(directory, manifest, entry, tokenizer.hash());
    append(report.problems, verify_shard(*shard, tokenizer, num_threads));
    if (crc32c_of_file(shard->path()) != entry.crc32c) {
      report.problems.push_back(
          text("shard ", shard->path(), ": the file fails the manifest's checksum"));
    }
    report.num_samples += shard->num_samples();
    report.bytes += entry.bytes;
    ++report.num_shards;
  } catch (const DataError& error) {
    report.problems.emplace_back(error.what());
  }
}

}  // namespace

VerifyReport verify_dataset(const std::filesystem::path& directory_or_manifest,
                            const Tokenizer& tokenizer, int num_threads) {
  const Manifest manifest = read_manifest(directory_or_manifest);
  const std::filesystem::path directory = manifest_path(directory_or_manifest).parent_path();
  VerifyReport report;
  std::set<std::string> known;
  for (const ShardEntry& entry : manifest.shards) {
    verify_entry(directory, manifest, entry, tokenizer, num_threads, report);
    known.insert(entry.file);
  }
  for (const std::string& name : shards_besides(directory, known)) {
    report.problems.push_back(text("shard ", directory / name, " is not in the manifest"));
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
  std::vector<std::string> captions(shard.caption_table_size());
  parallel_for(shard.caption_table_size(), num_threads, [&](int64_t i) {
    const auto caption = static_cast<int32_t>(i);
    const auto stored = shard.tokens(caption);
    const std::vector<int32_t> expected =
        tokenizer.encode(shard.caption_text(caption), kContextLength);
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
