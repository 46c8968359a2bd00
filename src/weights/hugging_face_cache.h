// Models in Hugging Face's cache, where its tools keep what they download:
// models--ORGANIZATION--NAME with refs/REVISION, a text file that holds a commit, and
// snapshots/COMMIT, a folder with the model's files.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace dermatome {

// Whether `given` is a name in open_clip's form, "hf-hub:ORGANIZATION/NAME" or
// "hf-hub:ORGANIZATION/NAME@REVISION".
bool names_hub_model(const std::string& given);

// The folder with the files of the model that `given` names. The cache is where HF_HUB_CACHE,
// HF_HOME or XDG_CACHE_HOME put it, else ~/.cache/huggingface/hub. Throws ConfigError for a name of
// another form, and DataError that says how to download the model if the cache does not hold it.
std::filesystem::path find_cached_model(const std::string& given);

// The folder with the files of the model `name`, in Hugging Face's form: "ORGANIZATION/NAME", or a
// name without an organization. nullopt: the cache does not hold it.
std::optional<std::filesystem::path> cached_model(const std::string& name);

// ORGANIZATION/NAME of the model that `given` names: a name in open_clip's form, or a path in a
// cache. Empty: none.
std::string hub_model_name(const std::string& given);

// The snapshot of `entry`, a folder models--ORGANIZATION--NAME: that of `revision`, a name or a
// commit, or the only one. nullopt if there is none.
std::optional<std::filesystem::path> snapshot_of(const std::filesystem::path& entry,
                                                 const std::string& revision = "main");

}  // namespace dermatome
