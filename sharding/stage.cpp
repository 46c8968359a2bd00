#include "sharding/stage.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <set>
#include <span>
#include <string>

#include "sharding/directory_lock.h"
#include "sharding/format.h"
#include "sharding/parallel.h"
#include "sharding/shard_reader.h"
#include "sharding/stored_file.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/log.h"
#include "src/core/progress.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

constexpr size_t kPiece = size_t{4} << 20;

struct Copy {
  std::filesystem::path from, to;
  ShardEntry entry;
  bool missing = true;
};

void check_stop(const std::stop_token& stop) {
  if (stop.stop_requested()) throw DataError("the staging of shards was stopped");
}

bool is_whole(const std::filesystem::path& path, const ShardEntry& entry) {
  std::error_code error;
  const uint64_t bytes = std::filesystem::file_size(path, error);
  return !error && bytes == entry.bytes && crc32c_of_file(path) == entry.crc32c;
}

// Copies `from` to `to`; `checksum`, at first 0, receives the CRC-32C of the bytes.
void write_copy(const StoredFile& from, const std::filesystem::path& to, uint32_t& checksum,
                Progress& progress, const std::stop_token& stop) {
  const auto fail = [&] { throw DataError(text("cannot write ", to, ": ", std::strerror(errno))); };
  const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(std::fopen(to.c_str(), "wbe"),
                                                                &std::fclose);
  if (!file) fail();
  std::vector<std::byte> memory(std::min<uint64_t>(kPiece, from.size()));
  for (uint64_t offset = 0; offset < from.size(); offset += memory.size()) {
    check_stop(stop);
    const std::span piece(memory.data(), std::min<uint64_t>(memory.size(), from.size() - offset));
    from.read(offset, piece);
    checksum = crc32c(piece, checksum);
    if (std::fwrite(piece.data(), 1, piece.size(), file.get()) != piece.size()) fail();
    progress.add(std::ssize(piece) >> 20);
  }
  if (std::fflush(file.get()) != 0) fail();
}

void copy_shard(const Copy& copy, Progress& progress, const std::stop_token& stop) {
  replace_atomically(copy.to, [&](const std::filesystem::path& temporary) {
    const StoredFile from(copy.from);
    uint32_t checksum = 0;
    write_copy(from, temporary, checksum, progress, stop);
    if (from.size() != copy.entry.bytes || checksum != copy.entry.crc32c) {
      throw DataError(text("shard ", copy.from,
                           " fails its manifest's size or checksum and is not staged",
                           kShardRemedy));
    }
  });
}

void check_space(const std::filesystem::path& folder, uint64_t needed) {
  const uint64_t available = std::filesystem::space(folder).available;
  if (needed <= available) return;
  throw ConfigError(
      text("the staging folder ", folder, " has ", available >> 20, " MiB free, but ", needed >> 20,
           " MiB of shards are to be copied there; make room, use another one, or read "
           "the shards where they are"));
}

}  // namespace

std::filesystem::path staged_directory(const std::filesystem::path& folder,
                                       const Manifest& manifest) {
  return folder / manifest.digest;
}

void stage_datasets(const std::vector<std::filesystem::path>& sources,
                    const std::filesystem::path& folder, int num_threads,
                    const std::stop_token& stop) {
  make_directories(folder);
  const DirectoryLock lock(folder, WhenLocked::kWait);
  std::vector<Copy> copies;
  std::set<std::filesystem::path> targets;
  for (const std::filesystem::path& source : sources) {
    const Manifest manifest = read_manifest(source);
    const std::filesystem::path target = staged_directory(folder, manifest);
    if (!targets.insert(target).second) continue;  // named twice
    make_directories(target);
    remove_leftovers(target);
    for (const ShardEntry& entry : manifest.shards) {
      copies.push_back(
          {manifest_path(source).parent_path() / entry.file, target / entry.file, entry});
    }
  }
  {
    Progress progress("shards looked for in the staging folder", std::ssize(copies));
    parallel_for(std::ssize(copies), num_threads, [&](int64_t i) {
      check_stop(stop);
      copies[i].missing = !is_whole(copies[i].to, copies[i].entry);
      progress.add(1);
    });
  }
  const size_t num_shards = copies.size();
  std::erase_if(copies, [](const Copy& copy) { return !copy.missing; });
  uint64_t bytes = 0;
  for (const Copy& copy : copies) bytes += copy.entry.bytes;
  check_space(folder, bytes);
  log_info(text("staging: ", copies.size(), " of ", num_shards, " shard(s), ", bytes >> 20,
                " MiB, are copied to ", folder));
  Progress progress("MiB staged", static_cast<int64_t>(bytes >> 20));
  parallel_for(std::ssize(copies), num_threads,
               [&](int64_t i) { copy_shard(copies[i], progress, stop); });
  for (const std::filesystem::path& source : sources) {
    const std::filesystem::path copy =
        staged_directory(folder, read_manifest(source)) / shard_format::kManifestName;
    const std::string content = read_file(manifest_path(source));
    // A copy that is there already may be another user's.
    if (!std::filesystem::exists(copy) || read_file(copy) != content) {
      write_file_atomically(copy, content);
    }
  }
}

}  // namespace dermatome
