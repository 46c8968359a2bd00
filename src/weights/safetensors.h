// The safetensors file format: named tensors behind a JSON header.
//
//   uint64 n, little endian | n bytes of JSON, padded with spaces | the tensors' bytes, little
//   endian, row-major, without gaps
//
// Data types: F64 F32 F16 BF16 I64 I32 I16 I8 U16 U8 BOOL.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dermatome {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;
using SafetensorsMetadata = std::map<std::string, std::string>;

// All tensors of `path`, on the CPU, owning their memory. Throws DataError naming the file, and the
// tensor, for anything malformed: sizes that do not fit, offsets that overlap, leave gaps or leave
// the file, unknown types or keys, names given twice.
std::map<std::string, at::Tensor> read_safetensors(const std::filesystem::path& path);

// Writes `tensors` (any device; made contiguous) in the order given, but wider element types first,
// so that every tensor is aligned. `metadata` becomes the header's __metadata__ unless it is empty.
// Equal arguments give equal bytes. Throws InternalError for two equal names or a type the format
// lacks, DataError when the file cannot be written; then `path` is as it was.
void write_safetensors(const std::filesystem::path& path, const NamedTensors& tensors,
                       const SafetensorsMetadata& metadata = {});

}  // namespace dermatome
