#include "src/weights/foreign/bert_model.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>
#include <string_view>
#include <vector>

#include "src/core/error.h"
#include "src/core/joined.h"
#include "src/core/log.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

constexpr std::string_view kBertPrefix = "bert.";

bool is_part_of_bert(std::string_view name) {
  return name.starts_with("embeddings.") || name.starts_with("encoder.") ||
         name.starts_with("pooler.");
}

std::string with_new_ending(std::string name) {
  for (const auto& [old_ending, ending] :
       {std::pair<std::string_view, std::string_view>{".gamma", ".weight"}, {".beta", ".bias"}}) {
    if (name.ends_with(old_ending)) {
      return name.replace(name.size() - old_ending.size(), old_ending.size(), ending);
    }
  }
  return name;
}

}  // namespace

std::map<std::string, at::Tensor> from_bert_model(std::map<std::string, at::Tensor> tensors,
                                                  const std::string& file) {
  const bool prefixed = std::ranges::any_of(
      tensors, [](const auto& entry) { return entry.first.starts_with(kBertPrefix); });
  std::map<std::string, at::Tensor> own;
  std::set<std::string> heads;
  for (const auto& [name, tensor] : tensors) {
    const std::string bare =
        prefixed && name.starts_with(kBertPrefix) ? name.substr(kBertPrefix.size()) : name;
    if (is_part_of_bert(bare) && prefixed == name.starts_with(kBertPrefix)) {
      own.emplace(text("text.transformer.", with_new_ending(bare)), tensor);
    } else {
      heads.insert(name.substr(0, name.find('.')));
    }
  }
  if (own.empty()) {
    throw DataError(text(file,
                         ": holds no BERT of transformers: no tensor's name begins with bert., "
                         "embeddings. or encoder."));
  }
  if (!heads.empty()) {
    log_info(text(file, ": left out, because they are heads for other tasks: ",
                  joined(std::vector<std::string>(heads.begin(), heads.end()))));
  }
  return own;
}

}  // namespace dermatome
