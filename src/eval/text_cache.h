// Features of prompts that outlive a process.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <span>
#include <string>

#include "src/model/clip.h"
#include "src/text/tokenizer.h"

namespace dermatome {

// Features [n, d] of `texts`, as encode_texts() in fp32 gives them, on the CPU: read from `folder`
// if it holds them for these weights and texts, else computed and put there. An empty `folder`
// computes. A damaged or unwritable cache is said in a warning and does not matter.
at::Tensor cached_text_features(const Clip& model, const Tokenizer& tokenizer,
                                std::span<const std::string> texts,
                                const std::filesystem::path& folder);

// Where caches are kept unless told otherwise: $XDG_CACHE_HOME or ~/.cache, and below it
// dermatome/texts. Empty where neither is set.
std::filesystem::path default_text_cache();

}  // namespace dermatome
