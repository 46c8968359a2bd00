#include "sharding/sample_labels.h"

#include <map>

#include "src/core/error.h"

namespace dermatome {

void SampleLabels::apply(SampleTable& table) const {
  require(names_.size() == table.samples.size(), "a class for every sample");
  std::map<std::string_view, int64_t> numbers;
  for (const std::string& name : names_) {
    if (!name.empty()) numbers.emplace(name, 0);
  }
  table.label_names.clear();
  for (auto& [name, number] : numbers) {
    number = std::ssize(table.label_names);
    table.label_names.emplace_back(name);
  }
  for (size_t i = 0; i < names_.size(); ++i) {
    table.samples[i].label = names_[i].empty() ? -1 : numbers.at(names_[i]);
  }
}

}  // namespace dermatome
