#include "src/eval/data_hash.h"

#include "src/core/hash.h"
#include "src/core/text.h"

namespace dermatome {

std::string data_hash(const BenchmarkTable& table, std::span<const uint32_t> checksums) {
  Sha256 hash;
  hash.update(table.content);
  hash.update(std::as_bytes(checksums));
  return hash.finish();
}

std::string classes_hash(const BenchmarkOptions& options) {
  std::vector<std::string> classes;
  for (const auto& entry : options.classes) {
    classes.push_back(entry.label);
    classes.insert(classes.end(), entry.names.begin(), entry.names.end());
    classes.emplace_back();
  }
  return texts_hash(classes);
}

std::string prompts_hash(const BenchmarkOptions& options) {
  std::vector<std::string> prompts = options.templates;
  prompts.insert(prompts.end(), options.references.begin(), options.references.end());
  return texts_hash(prompts);
}

std::string texts_hash(const std::vector<std::string>& texts) {
  Sha256 hash;
  for (const auto& entry : texts) {
    hash.update(text(entry.size(), ":"));
    hash.update(entry);
  }
  return hash.finish();
}

}  // namespace dermatome
