#include "src/config/retired_keys.h"

namespace dermatome {
namespace {

constexpr RetiredKey kTrainKeys[] = {
    {"data.augment_on", "",
     "augmentation runs on the host only, where 3 to 4 cores feed an H200; remove the key"},
};

}  // namespace

std::string problem_with(const RetiredKey& retired) {
  if (retired.new_key.empty()) {
    return "is no setting any more: " + std::string(retired.advice);
  }
  return "is called '" + std::string(retired.new_key) + "' now; rename the key";
}

std::span<const RetiredKey> retired_train_keys() { return kTrainKeys; }

}  // namespace dermatome
