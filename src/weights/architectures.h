// Architectures by name: open_clip's model configurations (JSON) in the folder configs/models that
// lies beside the binary.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "src/model/clip_config.h"

namespace dermatome {

// The first folder configs/models in `program`'s folder or a folder above it, so that a binary in
// build/release finds that of its checkout too; empty if there is none.
std::filesystem::path architectures_folder(const std::filesystem::path& program);

// The file that `given` stands for: `given` itself if it is a file or looks like a path (it has a
// "/", or ends in ".json"), else the architecture of this name. Throws ConfigError that lists the
// names if there is none. `program`: the binary; by default, the one that runs.
std::filesystem::path find_architecture(const std::string& given,
                                        const std::filesystem::path& program = "/proc/self/exe");

// read_description() of find_architecture().
ClipConfig read_architecture(const std::string& given);

}  // namespace dermatome
