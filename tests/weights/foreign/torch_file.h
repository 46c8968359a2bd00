// Writes archives in the form of torch.save(), from parts that may be wrong.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace dermatome {

// Each returns the bytes of one part of a pickle.
std::string pickled_text(const std::string& text);
std::string pickled_number(int64_t number);
std::string pickled_name(const std::string& module, const std::string& name);
std::string pickled_tuple(const std::vector<std::string>& items);
// `items` holds keys and values in turn.
std::string pickled_dict(const std::vector<std::string>& items);
std::string pickled_storage(const std::string& key, int64_t elements,
                            const std::string& type = "FloatStorage");
std::string pickled_tensor(const std::string& storage, int64_t offset,
                           const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides);
// A whole pickle whose result is `value`.
std::string pickle_of(const std::string& value);

using Members = std::map<std::string, std::string>;

// Writes `members`, uncompressed, with PyTorch's own writer, below the folder "archive".
void write_torch_file(const std::filesystem::path& path, const Members& members);

}  // namespace dermatome
