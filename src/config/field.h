// A setting as data: its key, where its value lives, what it may hold. Reading, overriding, dumping
// and digesting all walk the same list of fields, so that a key is written down once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "src/config/benchmark_class.h"
#include "src/config/tower_lock.h"

namespace dermatome {

// The numbers a field accepts; open ends exclude the bound itself.
struct Range {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
  bool low_open = false;
  bool high_open = false;

  bool contains(double number) const;
  // For a message: "at least 1", "above 0 and at most 1".
  std::string describe() const;
};

inline Range at_least(double low) { return {.low = low}; }
inline Range above(double low) { return {.low = low, .low_open = true}; }
inline Range between(double low, double high) { return {.low = low, .high = high}; }

// An enumeration whose enumerators 0, 1, … are called names[0], names[1], ….
struct Choice {
  std::vector<std::string_view> names;
  std::function<size_t()> get;
  std::function<void(size_t)> set;
};

template <typename Enum>
Choice choice(Enum& value, std::initializer_list<std::string_view> names) {
  return {names, [&value] { return static_cast<size_t>(value); },
          [&value](size_t index) { value = static_cast<Enum>(index); }};
}

// A list of texts that YAML may give as a single text when it has one.
struct OneOrMore {
  std::vector<std::string>* texts;
};

// Where a field's value lives; it outlives the field. A span is a list of exactly that many
// numbers.
using FieldValue =
    std::variant<bool*, int64_t*, uint64_t*, double*, std::string*, std::span<double>, Choice,
                 std::vector<double>*, std::vector<std::string>*, OneOrMore,
                 std::vector<BenchmarkClass>*, std::optional<double>*, TowerLock*>;

struct Field {
  std::string key;  // dotted path, "section.name"
  FieldValue value;
  Range range = {};  // of every number in the value
  // Whether it is part of the configuration's digest: another value is another experiment.
  bool defines_result = true;
};

// A field that says how a run is carried out, not what comes out of it.
inline Field operational(std::string key, FieldValue value, Range range = {}) {
  return {std::move(key), std::move(value), range, /*defines_result=*/false};
}

// The value as YAML on one line: numbers by their shortest exact form, strings quoted.
std::string value_text(const FieldValue& value);

// What the field accepts: "a whole number, at least 1", "one of fp32, amp_bf16".
std::string allowed_text(const Field& field);

}  // namespace dermatome
