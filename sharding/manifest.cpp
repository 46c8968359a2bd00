#include "sharding/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sharding/format.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kMagic = "dermatome-manifest";
constexpr const char* kRemedy =
    "; copy it again, or run `dermatome shard` again, which keeps the shards that are whole";

// Everything but the digest.
Json content(const Manifest& manifest) {
  Json shards = Json::array();
  for (const ShardEntry& shard : manifest.shards) {
    shards.push_back({{"file", shard.file},
                      {"num_samples", shard.num_samples},
                      {"bytes", shard.bytes},
                      {"crc32c", shard.crc32c}});
  }
  return {{"format", kMagic},
          {"format_version", manifest.format_version},
          {"tokenizer_hash", manifest.tokenizer_hash},
          {"num_captions", manifest.num_captions},
          {"aspects", manifest.aspects},
          {"image_short_side", manifest.image_short_side},
          {"image_encoding", manifest.image_encoding},
          {"jpeg_quality", manifest.jpeg_quality},
          {"label_names", manifest.label_names},
          {"num_samples", manifest.num_samples()},
          {"num_rejected", manifest.num_rejected},
          {"build_digest", manifest.build_digest},
          {"shards", shards}};
}

std::string digest(const Manifest& manifest) { return sha256_hex(content(manifest).dump()); }

Manifest parse(const Json& json) {
  Manifest manifest;
  json.at("format_version").get_to(manifest.format_version);
  json.at("tokenizer_hash").get_to(manifest.tokenizer_hash);
  json.at("num_captions").get_to(manifest.num_captions);
  json.at("aspects").get_to(manifest.aspects);
  json.at("image_short_side").get_to(manifest.image_short_side);
  json.at("image_encoding").get_to(manifest.image_encoding);
  json.at("jpeg_quality").get_to(manifest.jpeg_quality);
  json.at("label_names").get_to(manifest.label_names);
  json.at("num_rejected").get_to(manifest.num_rejected);
  json.at("build_digest").get_to(manifest.build_digest);
  for (const Json& shard : json.at("shards")) {
    ShardEntry& entry = manifest.shards.emplace_back();
    shard.at("file").get_to(entry.file);
    shard.at("num_samples").get_to(entry.num_samples);
    shard.at("bytes").get_to(entry.bytes);
    shard.at("crc32c").get_to(entry.crc32c);
  }
  json.at("digest").get_to(manifest.digest);
  return manifest;
}

void check(const Manifest& manifest, const std::string& name) {
  for (const ShardEntry& shard : manifest.shards) {
    if (shard.num_samples < 0 || std::filesystem::path(shard.file).filename() != shard.file) {
      throw DataError(name + ": shard '" + shard.file + "' with " +
                      std::to_string(shard.num_samples) +
                      " samples; a plain file name and a count were expected" + kRemedy);
    }
  }
  if (manifest.num_captions != static_cast<int64_t>(manifest.aspects.size()) ||
      digest(manifest) != manifest.digest) {
    throw DataError(name + " contradicts its own digest: it was edited or is damaged" + kRemedy);
  }
}

}  // namespace

int64_t Manifest::num_samples() const {
  int64_t sum = 0;
  for (const ShardEntry& shard : shards) sum += shard.num_samples;
  return sum;
}

uint64_t Manifest::num_bytes() const {
  uint64_t sum = 0;
  for (const ShardEntry& shard : shards) sum += shard.bytes;
  return sum;
}

std::filesystem::path manifest_path(const std::filesystem::path& directory_or_file) {
  if (std::filesystem::is_directory(directory_or_file)) {
    return directory_or_file / shard_format::kManifestName;
  }
  return directory_or_file.has_parent_path() ? directory_or_file : "." / directory_or_file;
}

std::vector<std::string> shards_besides(const std::filesystem::path& directory,
                                        const std::set<std::string>& known) {
  std::vector<std::string> names;
  for (const auto& item : std::filesystem::directory_iterator(directory)) {
    const std::string name = item.path().filename().string();
    if (item.path().extension() == ".h5" && !known.contains(name)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Manifest read_manifest(const std::filesystem::path& directory_or_file) {
  const std::filesystem::path path = manifest_path(directory_or_file);
  if (!std::filesystem::exists(path)) {
    throw DataError(path.string() +
                    " is missing: no data set of shards is there, or it was not finished; run "
                    "`dermatome shard`");
  }
  const std::string text = read_file(path);
  Manifest manifest;
  try {
    const Json json = Json::parse(text);
    if (json.value("format", "") != kMagic) {
      throw DataError(path.string() +
                      " is not the manifest of a Dermatome data set; name the directory "
                      "that `dermatome shard` made");
    }
    if (json.at("format_version") != shard_format::kFormatVersion) {
      throw DataError(path.string() + ": format version " + json.at("format_version").dump() +
                      ", but this program reads " + std::to_string(shard_format::kFormatVersion) +
                      "; shard the data again");
    }
    manifest = parse(json);
  } catch (const nlohmann::json::exception& error) {
    throw DataError(path.string() + " is no valid manifest: " + error.what() + kRemedy);
  }
  check(manifest, path.string());
  return manifest;
}

Manifest write_manifest(const std::filesystem::path& directory, Manifest manifest) {
  manifest.digest = digest(manifest);
  Json json = content(manifest);
  json["digest"] = manifest.digest;
  write_file_atomically(directory / shard_format::kManifestName, json.dump(2) + "\n");
  return manifest;
}

}  // namespace dermatome
