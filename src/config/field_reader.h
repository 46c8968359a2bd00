// Fills fields from a YAML file and from `key=value` overrides, remembering where each value came
// from, so that every complaint, also a later one about a combination, names file, line, column,
// key and value.
#pragma once

#include <deque>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "src/config/field.h"
#include "src/config/foreign_keys.h"
#include "src/config/retired_keys.h"

namespace YAML {
class Node;
struct Mark;
}  // namespace YAML

namespace dermatome {

// Keys that are no fields, but that messages know. They outlive the reader.
struct KnownKeys {
  std::span<const RetiredKey> retired = {};  // refused with what became of them
  std::span<const ForeignKey> foreign = {};  // refused with what they are called here
};

class FieldReader {
 public:
  // `source` is what messages name for values that nobody set.
  FieldReader(std::vector<Field> fields, std::string source, KnownKeys known = {});

  // Reads one YAML document; an empty one leaves all defaults. An empty value is the empty string
  // or list, an empty section all of its defaults. Throws ConfigError for a file that cannot be
  // read or is not YAML, and for a key that is unknown, is there twice or has a value of the wrong
  // type.
  void read(const std::filesystem::path& path);

  // "key=value"; `key` is a dotted path, the value YAML. The last one for a key wins. `where`: what
  // messages about it begin with; empty: "override 'key=value'".
  void apply_override(const std::string& text, const std::string& where = "");

  // Throws ConfigError for the first number out of its field's range.
  void check_ranges() const;

  bool is_set(std::string_view key) const { return places_.contains(key); }

  // Throws ConfigError: where, `key` = value, `problem`.
  [[noreturn]] void fail(std::string_view key, const std::string& problem) const;

 private:
  struct Place {
    std::string where;  // "file:line:column", or the override
    std::string value;  // as written
  };
  // "file:line:column", or the override that is being applied: its lines and columns would say
  // nothing.
  std::string where(const YAML::Mark& mark) const;
  void read_map(const YAML::Node& map, const std::string& prefix);
  void read_entry(const std::string& key, const YAML::Node& value, const std::string& where);
  void read_classes(const std::string& key, const YAML::Node& list,
                    std::vector<BenchmarkClass>& classes);
  const Field* find(std::string_view key) const;
  // "; its keys are …" for the section `prefix` ("section."); empty for the whole document.
  std::string keys_of(const std::string& prefix) const;
  // The same for the section that `key` is in, or for the whole document.
  std::string keys_beside(const std::string& key) const;
  bool is_section(const std::string& key) const;
  const RetiredKey* find_retired(std::string_view key) const;  // null: it is none
  [[noreturn]] void fail_unknown(const std::string& key, const Place& place) const;

  // A deque, since a list of classes adds its entries' fields while its own field is being read.
  std::deque<Field> fields_;
  std::string source_;
  KnownKeys known_;
  std::string override_;
  std::map<std::string, Place, std::less<>> places_;
};

}  // namespace dermatome
