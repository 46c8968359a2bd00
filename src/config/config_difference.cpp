#include "src/config/config_difference.h"

#include "src/config/train_fields.h"
#include "src/config/train_options.h"
#include "src/core/joined.h"
#include "src/core/text.h"

namespace dermatome {

std::vector<Difference> config_differences(const TrainOptions& before, const TrainOptions& after) {
  TrainOptions old_options = before, new_options = after;
  const std::vector<Field> old_fields = train_fields(old_options);
  const std::vector<Field> new_fields = train_fields(new_options);
  std::vector<Difference> differences;
  for (size_t i = 0; i < new_fields.size(); ++i) {
    Difference difference{new_fields[i].key, value_text(old_fields[i].value),
                          value_text(new_fields[i].value),
                          old_fields[i].defines_result || new_fields[i].defines_result};
    if (difference.before != difference.after) differences.push_back(std::move(difference));
  }
  return differences;
}

std::string difference_text(const Difference& difference) {
  return text(difference.key, ": ", difference.before, " -> ", difference.after);
}

std::string differences_text(const std::vector<Difference>& differences) {
  return joined(differences, difference_text);
}

}  // namespace dermatome
