#include "sharding/open_shard.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <system_error>

#include "sharding/storage_retry.h"
#include "src/core/error.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

uint64_t size_of(const std::filesystem::path& path, Opening opening) {
  return retry_storage([&] {
    std::error_code error;
    const uint64_t bytes = std::filesystem::file_size(path, error);
    if (error) fail_to_open("shard " + path.string(), error.value(), opening, kShardRemedy);
    return bytes;
  });
}

}  // namespace

std::shared_ptr<ShardReader> open_shard(const DataSource& source, const ShardEntry& entry,
                                        Opening opening) {
  const std::filesystem::path path = source.directory / entry.file;
  const auto check = [&](bool good, const std::string& what) {
    if (!good) {
      throw DataError(
          text("shard ", path, " is not the one its manifest describes: ", what, kShardRemedy));
    }
  };
  const uint64_t bytes = size_of(path, opening);
  check(bytes == entry.bytes,
        text(bytes, " bytes instead of ", entry.bytes, ": truncated, or replaced"));
  auto reader = std::make_shared<ShardReader>(path, opening);
  check(reader->num_samples() == entry.num_samples,
        text(reader->num_samples(), " samples instead of ", entry.num_samples));
  check(reader->header().build_digest == source.manifest.build_digest &&
            reader->header().aspects == source.manifest.aspects,
        "it comes from another build");
  return reader;
}

}  // namespace dermatome
