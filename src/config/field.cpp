#include "src/config/field.h"

#include <yaml-cpp/emitter.h>

#include <charconv>
#include <cmath>

#include "src/core/joined.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

std::string number_text(double number) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, number).ptr;
  std::string text(buffer, end);
  // Readers of YAML 1.1, Python's among them, take 1e-06 for a string and 1.0e-06 for a number.
  const size_t exponent = text.find('e');
  if (exponent != std::string::npos && text.find('.') == std::string::npos) {
    text.insert(exponent, ".0");
  }
  return text;
}

std::string quoted(const std::string& text) {
  YAML::Emitter emitter;
  emitter << YAML::DoubleQuoted << text;
  return emitter.c_str();
}

template <typename Items, typename Text>
std::string list_text(const Items& items, Text text) {
  return "[" + joined(items, text) + "]";
}

struct ValueText {
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const int64_t* value) const { return text(*value); }
  std::string operator()(const uint64_t* value) const { return text(*value); }
  std::string operator()(const double* value) const { return number_text(*value); }
  std::string operator()(const std::string* value) const { return quoted(*value); }
  std::string operator()(std::span<double> value) const { return list_text(value, number_text); }
  std::string operator()(const Choice& value) const {
    return std::string(value.names.at(value.get()));
  }
  std::string operator()(const std::vector<std::string>* value) const {
    return list_text(*value, quoted);
  }
  std::string operator()(const std::vector<double>* value) const {
    return list_text(*value, number_text);
  }
  std::string operator()(const OneOrMore& value) const {
    if (value.texts->empty()) return quoted("");
    return value.texts->size() == 1 ? quoted(value.texts->front())
                                    : list_text(*value.texts, quoted);
  }
  std::string operator()(const std::vector<BenchmarkClass>* value) const {
    return list_text(*value, [](const BenchmarkClass& item) { return quoted(item.label); });
  }
  std::string operator()(const std::optional<double>* value) const {
    return value->has_value() ? number_text(**value) : "null";
  }
  std::string operator()(const TowerLock* value) const {
    if (value->part == LockedPart::kFirst) return text(value->unlocked_blocks);
    return value->part == LockedPart::kAll ? "all" : "none";
  }
};

struct KindText {
  std::string operator()(const bool*) const { return "true or false"; }
  std::string operator()(const int64_t*) const { return "a whole number"; }
  std::string operator()(const uint64_t*) const { return "a whole number, at least 0"; }
  std::string operator()(const double*) const { return "a number"; }
  std::string operator()(const std::string*) const { return "text"; }
  std::string operator()(std::span<double> value) const {
    return text("a list of ", value.size(), " numbers");
  }
  std::string operator()(const Choice& value) const {
    std::string names;
    for (const auto name : value.names)
      names += (names.empty() ? "one of " : ", ") + std::string(name);
    return names;
  }
  std::string operator()(const std::vector<std::string>*) const { return "a list of texts"; }
  std::string operator()(const std::vector<double>*) const { return "a list of numbers"; }
  std::string operator()(const OneOrMore&) const { return "text or a list of texts"; }
  std::string operator()(const std::vector<BenchmarkClass>*) const { return "a list of classes"; }
  std::string operator()(const std::optional<double>*) const { return "null, or a number"; }
  std::string operator()(const TowerLock*) const {
    return "none, all, or a whole number of blocks, at least 0";
  }
};

}  // namespace

bool Range::contains(double number) const {
  return (low_open ? number > low : number >= low) && (high_open ? number < high : number <= high);
}

std::string Range::describe() const {
  std::string text;
  if (std::isfinite(low)) text += (low_open ? "above " : "at least ") + number_text(low);
  if (std::isfinite(low) && std::isfinite(high)) text += " and ";
  if (std::isfinite(high)) text += (high_open ? "below " : "at most ") + number_text(high);
  return text;
}

std::string allowed_text(const Field& field) {
  const std::string range = field.range.describe();
  const std::string kind = std::visit(KindText{}, field.value);
  return range.empty() ? kind : text(kind, ", ", range);
}

std::string value_text(const FieldValue& value) { return std::visit(ValueText{}, value); }

}  // namespace dermatome
