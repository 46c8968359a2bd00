// Numbers classes that are given by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sharding/sample_table.h"

namespace dermatome {

class SampleLabels {
 public:
  // The next sample's class; empty: none.
  void add(std::string_view name) { names_.emplace_back(name); }
  // Numbers the names alphabetically, from 0, into table.label_names and the samples' labels.
  void apply(SampleTable& table) const;

 private:
  std::vector<std::string> names_;  // one per sample
};

}  // namespace dermatome
