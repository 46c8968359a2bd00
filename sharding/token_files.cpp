#include "sharding/token_files.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>
#include <string_view>
#include <system_error>

#include "sharding/checksum.h"
#include "sharding/stored_file.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/log.h"
#include "src/core/process_identity.h"
#include "src/core/text.h"
#include "src/core/user_cache.h"

namespace dermatome {
namespace {

// What a file begins with. The texts' bounds and ids follow.
struct FileStart {
  std::array<char, 20> magic{};
  uint32_t crc32c = 0;  // of all that follows this number
  std::array<char, 64> key{};
  uint64_t num_texts = 0;
  uint64_t num_ids = 0;
};
static_assert(sizeof(FileStart) == 104);

constexpr size_t kChecked = offsetof(FileStart, key);
constexpr std::string_view kTokenMagic = "dermatome-tokens 1\n";

template <typename T>
std::string_view bytes_of(const T& values) {
  const auto bytes = std::as_bytes(std::span(values));
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

uint32_t checksum_of(std::string_view file) {
  return crc32c(std::as_bytes(std::span(file.substr(kChecked))));
}

std::string to_file(const std::string& key, const TokenTable& table) {
  FileStart start;
  std::ranges::copy(kTokenMagic, start.magic.begin());
  std::ranges::copy(key, start.key.begin());
  start.num_texts = static_cast<uint64_t>(table.size());
  start.num_ids = table.ids.size();
  std::string file =
      text(bytes_of(std::span(&start, 1)), bytes_of(table.bounds), bytes_of(table.ids));
  start.crc32c = checksum_of(file);
  std::memcpy(file.data(), &start, sizeof start);
  return file;
}

// nullopt: `file` is not the file of this key and number of texts, or is damaged.
std::optional<TokenTable> from_file(std::string_view file, const std::string& key,
                                    int64_t num_texts) {
  FileStart start;
  if (file.size() < sizeof start) return std::nullopt;
  std::memcpy(&start, file.data(), sizeof start);
  TokenTable table;
  table.bounds.resize(static_cast<size_t>(num_texts) + 1);
  const size_t bounds_size = bytes_of(table.bounds).size();
  const bool is_own = std::string_view(start.magic.data(), kTokenMagic.size()) == kTokenMagic &&
                      std::ranges::equal(start.key, key) &&
                      start.num_texts == static_cast<uint64_t>(num_texts);
  if (!is_own || !same_checksum(checksum_of(file), start.crc32c)) return std::nullopt;
  const std::string_view rest = file.substr(sizeof start);
  if (rest.size() < bounds_size || rest.size() - bounds_size != start.num_ids * sizeof(uint16_t)) {
    return std::nullopt;
  }
  table.ids.resize(start.num_ids);
  std::memcpy(table.bounds.data(), rest.data(), bounds_size);
  std::memcpy(table.ids.data(), rest.data() + bounds_size, rest.size() - bounds_size);
  return table;
}

}  // namespace

TokenFiles::TokenFiles(const DataSource& source, const Tokenizer& tokenizer, int64_t context_length)
    : identity_(text(tokenizer.hash(), " ", context_length, " ", source.manifest.digest)) {
  const std::string name = text(tokenizer.hash().substr(0, 16), "-", context_length, "-",
                                source.manifest.digest.substr(0, 16));
  folders_.push_back(source.directory / kTokenFolder / name);
  const std::filesystem::path cache = user_cache(kTokenFolder);
  if (!cache.empty()) folders_.push_back(cache / name);
}

std::filesystem::path TokenFiles::path(const std::filesystem::path& folder,
                                       const std::string& shard) const {
  return folder / std::filesystem::path(shard).replace_extension(".tokens");
}

std::string TokenFiles::key(const std::string& shard) const {
  return sha256_hex(text(identity_, " ", shard));
}

bool TokenFiles::has(const std::string& shard) const {
  return std::ranges::any_of(folders_, [&](const std::filesystem::path& folder) {
    std::error_code denied;  // a folder that may not be searched holds nothing
    return std::filesystem::exists(path(folder, shard), denied);
  });
}

std::optional<TokenTable> TokenFiles::read(const std::string& shard, int64_t num_captions) const {
  for (const std::filesystem::path& folder : folders_) {
    const std::filesystem::path file = path(folder, shard);
    std::error_code denied;
    if (!std::filesystem::exists(file, denied)) continue;
    std::string problem = "is damaged";
    try {
      if (auto table = from_file(read_stored_file(file), key(shard), num_captions)) return table;
    } catch (const Error& error) {
      problem = error.what();
    }
    log_warning(text(file, ": ", problem, "; the token ids of its shard are made again"));
  }
  return std::nullopt;
}

std::string TokenFiles::write(const std::string& shard, const TokenTable& table) const {
  const std::string content = to_file(key(shard), table);
  std::string problem = "neither XDG_CACHE_HOME nor HOME is set";
  for (const std::filesystem::path& folder : folders_) {
    const std::filesystem::path file = path(folder, shard);
    // A process on another machine, or in another container, may have the same number, which alone
    // would not keep the temporary files of two processes apart.
    const std::filesystem::path own = text(file, ".", own_identity().token);
    try {
      make_directories(folder);
      write_file_atomically(own, content);
      std::filesystem::rename(own, file);
      return "";
    } catch (const Error& error) {
      problem = error.what();
    } catch (const std::filesystem::filesystem_error& error) {
      problem = error.what();
    }
    std::error_code ignored;
    std::filesystem::remove(own, ignored);
  }
  return problem;
}

}  // namespace dermatome
