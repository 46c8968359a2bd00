// Features of prompts, kept in files for later processes.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <span>
#include <string>

#include "src/model/clip.h"
#include "src/text/tokenizer.h"

namespace dermatome {

// Features [n, d] of `texts`, as encode_texts() in fp32 gives them, on the CPU: read from `folder`
// if it holds them for these weights and texts, else computed and put there. With an
// empty `folder` they are computed. A damaged or unwritable cache only causes a warning.
at::Tensor cached_text_features(const Clip& model, const Tokenizer& tokenizer,
                                std::span<const std::string> texts,
                                const std::filesystem::path& folder);

// The default folder of caches (user_cache()).
std::filesystem::path default_text_cache();

}  // namespace dermatome
