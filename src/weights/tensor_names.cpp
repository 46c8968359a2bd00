#include "src/weights/tensor_names.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>
#include <utility>

#include "src/core/error.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

using TensorMap = std::map<std::string, at::Tensor>;

constexpr const char* kPrefixes[] = {"module.", "_orig_mod.", "model."};
// Numbers that OpenAI's state dicts hold beside the parameters.
const std::set<std::string> kOpenAiNumbers = {"input_resolution", "context_length", "vocab_size"};
// attn_mask follows from the context length; position_ids are 0, 1, 2, ...
const std::set<std::string> kComputed = {"attn_mask", "position_ids"};

bool all_begin_with(const TensorMap& tensors, const std::string& prefix) {
  return !tensors.empty() && std::ranges::all_of(tensors, [&](const auto& entry) {
    return entry.first.starts_with(prefix);
  });
}

}  // namespace

void refuse_adapter(const std::filesystem::path& file) {
  throw DataError(
      text(file,
           ": belongs to an adapter, such as LoRA, which changes a model and is none itself; merge "
           "it in Python: model = PeftModel.from_pretrained(model, ADAPTER).merge_and_unload(), "
           "save this model, and name what you saved"));
}

void remove_prefixes(TensorMap& tensors, const std::filesystem::path& file) {
  for (const auto& [name, tensor] : tensors) {
    if (name.find("lora_") != std::string::npos) refuse_adapter(file);
  }
  for (bool again = true; again;) {
    again = false;
    for (const std::string prefix : kPrefixes) {
      if (!all_begin_with(tensors, prefix)) continue;
      TensorMap bare;
      for (auto& [name, tensor] : tensors) {
        bare.emplace(name.substr(prefix.size()), std::move(tensor));
      }
      tensors = std::move(bare);
      log_info(text(file, ": all names begin with ", prefix, ", which is left out"));
      again = true;
    }
  }
}

bool remove_buffers(TensorMap& tensors) {
  bool are_openai = false;
  std::erase_if(tensors, [&](const auto& entry) {
    const std::string& name = entry.first;
    const bool is_openai = kOpenAiNumbers.contains(name);
    are_openai |= is_openai;
    return is_openai || kComputed.contains(name.substr(name.rfind('.') + 1));
  });
  const auto scale = tensors.find("logit_scale");
  if (scale != tensors.end() && scale->second.dim() == 1 && scale->second.size(0) == 1) {
    scale->second = scale->second.squeeze(0);
  }
  return are_openai;
}

}  // namespace dermatome
