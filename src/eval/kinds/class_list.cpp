#include "src/eval/kinds/class_list.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "src/config/field_reader.h"
#include "src/core/text.h"
#include "src/eval/data_hash.h"

namespace dermatome {

void check_class_list(const BenchmarkOptions& options, const std::string& key, size_t fewest,
                      const FieldReader& reader) {
  if (options.classes.size() < fewest) {
    reader.fail(key, text("must list at least ", fewest, " ", key));
  }
  std::set<std::string> labels;
  for (size_t i = 0; i < options.classes.size(); ++i) {
    const std::string entry = text(key, "[", i, "]");
    const auto& [label, names] = options.classes[i];
    if (label.empty()) reader.fail(entry, "has no label");
    if (!labels.insert(label).second) {
      reader.fail(entry + ".label", "is another entry's label too");
    }
    if (names.empty()) reader.fail(entry, "has no names");
    if (std::ranges::find(names, "") != names.end()) {
      reader.fail(entry + ".names", "has an empty name");
    }
  }
  if (options.templates.empty()) reader.fail("templates", "must list at least one text with {}");
  for (const auto& prompt : options.templates) {
    if (prompt.find("{}") == std::string::npos) {
      reader.fail("templates", text("has '", prompt, "', without {} for the name"));
    }
  }
}

void check_column(const std::string& column, const std::string& key, const FieldReader& reader) {
  if (column.empty()) reader.fail(key, "must name a column of the CSV file");
}

void add_class_hashes(nlohmann::ordered_json& hashes, const BenchmarkOptions& options) {
  hashes["classes"] = classes_hash(options);
  hashes["templates"] = prompts_hash(options);
}

}  // namespace dermatome
