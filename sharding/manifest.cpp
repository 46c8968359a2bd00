#include "sharding/manifest.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <system_error>

#include "sharding/format.h"
#include "sharding/storage_retry.h"
#include "sharding/stored_file.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/hash.h"
#include "src/core/strict_json.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kMagic = "dermatome-manifest";
constexpr const char* kRemedy =
    "; copy it again, or run `dermatome shard` again, which keeps the shards that are whole";

// Everything except the digest.
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

ShardEntry parse_shard(JsonObject object) {
  const ShardEntry entry = {.file = object.get<std::string>("file"),
                            .num_samples = object.get<int64_t>("num_samples"),
                            .bytes = object.get<uint64_t>("bytes"),
                            .crc32c = object.get<uint32_t>("crc32c")};
  object.finish();
  return entry;
}

Manifest parse(const nlohmann::json& document) {
  JsonObject object("", "", document);
  // The number of samples is the sum of the shards'.
  object.ignore({"format", "num_samples"});
  Manifest manifest;
  manifest.format_version = object.get<int>("format_version");
  manifest.tokenizer_hash = object.get<std::string>("tokenizer_hash");
  manifest.num_captions = object.get<int64_t>("num_captions");
  manifest.aspects = object.get<std::vector<std::string>>("aspects");
  manifest.image_short_side = object.get<int>("image_short_side");
  manifest.image_encoding = object.get<std::string>("image_encoding");
  manifest.jpeg_quality = object.get<int>("jpeg_quality");
  manifest.label_names = object.get<std::vector<std::string>>("label_names");
  manifest.num_rejected = object.get<int64_t>("num_rejected");
  manifest.build_digest = object.get<std::string>("build_digest");
  manifest.digest = object.get<std::string>("digest");
  const nlohmann::json& shards = object.find("shards");
  if (!shards.is_array()) object.fail("shards", "must be a list");
  for (size_t i = 0; i < shards.size(); ++i) {
    manifest.shards.push_back(parse_shard(JsonObject("", text("shards[", i, "]"), shards[i])));
  }
  object.finish();
  return manifest;
}

// Not a manifest, or one of another version.
class OtherFormat : public DataError {
 public:
  using DataError::DataError;
};

void check_format(const nlohmann::json& document) {
  const auto value = [&](const char* key) {
    return document.is_object() ? document.value(key, nlohmann::json()) : nlohmann::json();
  };
  if (value("format") != kMagic) {
    throw OtherFormat(
        " is not the manifest of a Dermatome data set; name the directory that `dermatome shard` "
        "made");
  }
  if (value("format_version") != shard_format::kFormatVersion) {
    throw OtherFormat(text(": format version ", value("format_version").dump(),
                           ", but this program reads ", shard_format::kFormatVersion,
                           "; shard the data again"));
  }
}

void check(const Manifest& manifest, const std::string& name) {
  for (const ShardEntry& shard : manifest.shards) {
    if (shard.num_samples < 0 || std::filesystem::path(shard.file).filename() != shard.file) {
      throw DataError(text(name, ": shard '", shard.file, "' with ", shard.num_samples,
                           " samples; a plain file name and a count were expected", kRemedy));
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
  std::error_code error;
  if (std::filesystem::is_directory(directory_or_file, error)) {
    return directory_or_file / shard_format::kManifestName;
  }
  if (may_pass(error.value())) {
    throw StorageFailure(text("cannot look at ", directory_or_file, ": ", error.message()));
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
  const auto path = retry_storage([&] { return manifest_path(directory_or_file); });
  std::error_code problem;
  if (!std::filesystem::exists(path, problem) && !problem) {
    throw DataError(text(path,
                         " is missing: no data set of shards is there, or it was not finished; run "
                         "`dermatome shard`"));
  }
  const std::string content = read_stored_file(path);
  Manifest manifest;
  try {
    const nlohmann::json document = parse_json(content, path.filename().string());
    check_format(document);
    manifest = parse(document);
  } catch (const OtherFormat& error) {
    throw DataError(text(path, error.what()));
  } catch (const DataError& error) {
    throw DataError(text(path, " is no valid manifest: ", error.what(), kRemedy));
  }
  check(manifest, path.string());
  return manifest;
}

DataSource read_source(const std::filesystem::path& directory_or_file) {
  return {manifest_path(directory_or_file).parent_path(), read_manifest(directory_or_file)};
}

Manifest write_manifest(const std::filesystem::path& directory, Manifest manifest) {
  manifest.digest = digest(manifest);
  Json json = content(manifest);
  json["digest"] = manifest.digest;
  write_file_atomically(directory / shard_format::kManifestName, json.dump(2) + "\n");
  return manifest;
}

}  // namespace dermatome
