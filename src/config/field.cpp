#include "src/config/field.h"

#include <yaml-cpp/emitter.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

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
  std::string joined = "[";
  for (const auto& item : items) {
    if (joined.size() > 1) joined += ", ";
    joined += text(item);
  }
  return joined + "]";
}

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

std::string_view last_part(std::string_view key) { return key.substr(key.rfind('.') + 1); }

struct ValueText {
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const int64_t* value) const { return std::to_string(*value); }
  std::string operator()(const uint64_t* value) const { return std::to_string(*value); }
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

std::string value_text(const FieldValue& value) { return std::visit(ValueText{}, value); }

std::string nearest_key(std::string_view key, const std::vector<std::string>& known) {
  const auto distance = [key](const std::string& candidate) {
    // A right name in a wrong section is nearer than any misspelling.
    if (last_part(candidate) == last_part(key)) return size_t{0};
    return edit_distance(key, candidate);
  };
  return *std::min_element(
      known.begin(), known.end(),
      [&](const std::string& a, const std::string& b) { return distance(a) < distance(b); });
}

}  // namespace dermatome
