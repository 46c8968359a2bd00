// What kinds with a list of classes (or concepts) and templates of prompts have in common.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "src/eval/benchmark_options.h"

namespace dermatome {

class FieldReader;

// Complains of fewer than `fewest` classes, of classes without a label or a name of their own, and
// of templates without a place for the name. `key` is what the file calls the classes.
void check_class_list(const BenchmarkOptions& options, const std::string& key, size_t fewest,
                      const FieldReader& reader);

// Complains of a column that has no name.
void check_column(const std::string& column, const std::string& key, const FieldReader& reader);

// Adds the hashes `classes` and `templates` (references count as templates).
void add_class_hashes(nlohmann::ordered_json& hashes, const BenchmarkOptions& options);

}  // namespace dermatome
