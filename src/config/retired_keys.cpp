#include "src/config/retired_keys.h"

#include <algorithm>

#include "src/core/text.h"

namespace dermatome {
namespace {

constexpr RetiredKey kTrainKeys[] = {
    {"data.augment_on", "",
     "augmentation runs on the host only, where 3 to 4 cores feed an H200; remove the key", "host"},
    {"objective.renormalise_local", "objective.renormalize_local", "", "false"},
};

constexpr RetiredKey kObjectiveKeys[] = {
    {"renormalise_local", "renormalize_local", ""},
};

}  // namespace

std::string_view first_key(std::string_view key, std::span<const RetiredKey> retired) {
  const auto renamed = std::ranges::find(retired, key, &RetiredKey::new_key);
  return renamed == retired.end() ? key : renamed->key;
}

std::string problem_with(const RetiredKey& retired) {
  if (retired.new_key.empty()) return text("is no setting any more: ", retired.advice);
  return text("is called '", retired.new_key, "' now; rename the key");
}

std::span<const RetiredKey> retired_train_keys() { return kTrainKeys; }

std::span<const RetiredKey> retired_objective_keys() { return kObjectiveKeys; }

}  // namespace dermatome
