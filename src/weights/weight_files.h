// The files in which weights lie, whatever their tensors are called.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace dermatome {

// The file of weights that `path` stands for: `path` itself unless it is a directory, else the
// first of open_clip's and transformers' names that the directory has; of a model in several parts
// it is their index. Throws DataError for a directory without any, and says what an adapter is.
std::filesystem::path weights_file(const std::filesystem::path& path);

// Whether transformers gives a file of weights this name.
bool is_name_of_transformers(const std::filesystem::path& file);

// The tensors of `file`, as it calls them, or of all parts that an index names. Throws DataError
// naming the file for anything that cannot be read or is malformed.
std::map<std::string, at::Tensor> read_tensors(const std::filesystem::path& file);

}  // namespace dermatome
