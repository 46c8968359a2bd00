// The safetensors file format: named tensors behind a JSON header.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dermatome {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;

// All tensors of `path`, on the CPU, owning their memory. Throws DataError naming the file for anything malformed: sizes, offsets that
// overlap or leave the file, unknown dtypes.
std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path);

// Writes `tensors` (any device; made contiguous) in the order given. Not atomic: callers commit whole directories.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const std::map<std::string, std::string>& metadata = {});

}  // namespace dermatome
