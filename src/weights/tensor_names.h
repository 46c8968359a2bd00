// Makes the names of tensors that a training wrote those of the model's parameters.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace dermatome {

// Throws DataError that says that `file` belongs to an adapter, such as LoRA, and how to merge it.
[[noreturn]] void refuse_adapter(const std::filesystem::path& file);

// Removes from `tensors`, read from `file`, with a log line each, the prefixes that all names have:
// "module." of torch's DistributedDataParallel, "_orig_mod." of torch.compile, and "model." of a
// module around the model. Throws DataError if they are an adapter's.
void remove_prefixes(std::map<std::string, at::Tensor>& tensors, const std::filesystem::path& file);

// Removes what is no parameter but can be computed: masks and the numbers of positions; and gives a
// logit_scale of one element the shape []. Returns whether there were numbers that only OpenAI's
// files hold.
bool remove_buffers(std::map<std::string, at::Tensor>& tensors);

}  // namespace dermatome
