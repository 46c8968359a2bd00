#include "src/config/setting_changes.h"

#include "src/config/train_config.h"
#include "src/core/text.h"

namespace dermatome {

std::vector<SettingChange> setting_changes(const TrainOptions& before, const TrainOptions& after) {
  const std::vector<Setting> old_settings = list_settings(before);
  const std::vector<Setting> new_settings = list_settings(after);
  auto defining = keys_of_digest(before);
  defining.merge(keys_of_digest(after));
  std::vector<SettingChange> changes;
  for (size_t i = 0; i < new_settings.size(); ++i) {
    const Setting &was = old_settings[i], &is = new_settings[i];
    if (was.value == is.value) continue;
    const bool may_change = is.key.starts_with("optimizer.") || is.key.starts_with("schedule.");
    changes.push_back({is.key, was.value, is.value, !may_change && defining.contains(is.key)});
  }
  return changes;
}

std::string describe(const std::vector<SettingChange>& changes) {
  std::string list;
  for (const SettingChange& change : changes) {
    list += text(list.empty() ? "" : ", ", change.key, " ", change.before, " -> ", change.after);
  }
  return list;
}

}  // namespace dermatome
