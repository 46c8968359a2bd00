#include "src/config/value_reader.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "src/core/joined.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

constexpr size_t kLongestShownValue = 80;

// "64" in quotes is text, 64 is a number; yaml-cpp tells them apart by the tag.
bool is_quoted(const YAML::Node& node) { return node.IsScalar() && node.Tag() == "!"; }

bool is_plain(const YAML::Node& node) { return node.IsScalar() && !is_quoted(node); }

std::string shown_scalar(const YAML::Node& node) {
  return is_quoted(node) ? text('"', node.Scalar(), '"') : node.Scalar();
}

using Problem = std::optional<std::string>;

template <typename Number>
bool parse_number(const YAML::Node& node, Number& number) {
  if (!is_plain(node)) return false;
  std::string_view text = node.Scalar();
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() &&
         std::isfinite(static_cast<double>(number));
}

// `problem` with a value that is no number or truth value, or a list with such a value. It says so
// where quotation marks are the reason.
Problem not_plain(const YAML::Node& node, const std::string& problem) {
  const bool has_quoted =
      node.IsSequence() ? std::any_of(node.begin(), node.end(), is_quoted) : is_quoted(node);
  if (!has_quoted) return problem;
  return text(problem, ", because quotation marks make it text: write it without them");
}

struct Assign {
  const YAML::Node& node;

  Problem operator()(bool* value) const {
    const bool is_true = is_plain(node) && node.Scalar() == "true";
    if (!is_true && !(is_plain(node) && node.Scalar() == "false")) {
      return not_plain(node, "is not true or false");
    }
    *value = is_true;
    return {};
  }
  Problem operator()(int64_t* value) const {
    if (!parse_number(node, *value)) return not_plain(node, "is not a whole number of 64 bits");
    return {};
  }
  Problem operator()(uint64_t* value) const {
    if (!parse_number(node, *value)) {
      return not_plain(node, "is not a whole number of 64 bits, zero or more");
    }
    return {};
  }
  Problem operator()(double* value) const {
    if (!parse_number(node, *value)) return not_plain(node, "is not a finite number");
    return {};
  }
  Problem operator()(std::string* value) const {
    if (!node.IsScalar() && !node.IsNull()) return "is not text";
    *value = node.IsNull() ? "" : node.Scalar();
    return {};
  }
  Problem operator()(std::span<double> value) const {
    const std::string problem = text("is not a list of ", value.size(), " numbers");
    if (!node.IsSequence() || node.size() != value.size()) return problem;
    for (size_t i = 0; i < value.size(); ++i) {
      if (!parse_number(node[i], value[i])) return not_plain(node, problem);
    }
    return {};
  }
  Problem operator()(const Choice& choice) const {
    const auto found = std::find(choice.names.begin(), choice.names.end(),
                                 node.IsScalar() ? node.Scalar() : std::string());
    if (found == choice.names.end()) {
      return "is not one of " + joined(choice.names);
    }
    choice.set(static_cast<size_t>(found - choice.names.begin()));
    return {};
  }
  Problem operator()(std::vector<std::string>* value) const {
    if (!node.IsSequence() && !node.IsNull()) return "is not a list of texts";
    value->clear();
    for (const auto& item : node) {
      if (!item.IsScalar()) return "is not a list of texts";
      value->push_back(item.Scalar());
    }
    return {};
  }
  Problem operator()(std::vector<double>* value) const {
    const std::string problem = "is not a list of finite numbers";
    if (!node.IsSequence() && !node.IsNull()) return problem;
    value->assign(node.size(), 0);
    for (size_t i = 0; i < value->size(); ++i) {
      if (!parse_number(node[i], (*value)[i])) return not_plain(node, problem);
    }
    return {};
  }
  Problem operator()(const OneOrMore& value) const {
    if (!node.IsScalar())
      return Assign{node}(value.texts) ? Problem("is not a text or a list of texts") : Problem();
    value.texts->assign(node.Scalar().empty() ? 0 : 1, node.Scalar());
    return {};
  }
  Problem operator()(std::vector<BenchmarkClass>* value) const {
    if (!node.IsSequence()) return "is not a list of classes, {label: …, names: […]} each";
    value->assign(node.size(), {});
    return {};
  }
  Problem operator()(std::optional<double>* value) const {
    double number = 0;
    if (!node.IsNull() && !parse_number(node, number)) {
      return not_plain(node, "is not a finite number");
    }
    *value = node.IsNull() ? std::nullopt : std::optional(number);
    return {};
  }
  Problem operator()(TowerLock* value) const {
    const std::string word = node.IsScalar() ? node.Scalar() : std::string();
    *value = {word == "all" ? LockedPart::kAll : LockedPart::kNone};
    if (word == "all" || word == "none") return {};
    if (!parse_number(node, value->unlocked_blocks) || value->unlocked_blocks < 0) {
      return not_plain(node,
                       "is not none, all, or a whole number: how many of the tower's last blocks "
                       "are trained");
    }
    value->part = LockedPart::kFirst;
    return {};
  }
};

}  // namespace

// Only one level deep: an alias may make a list contain itself.
std::string shown(const YAML::Node& node) {
  std::string text;
  if (node.IsScalar()) {
    text = shown_scalar(node);
  } else if (node.IsSequence()) {
    text = "[" +
           joined(node,
                  [](const auto& item) {
                    return item.IsScalar() ? shown_scalar(item) : std::string("…");
                  }) +
           "]";
  } else {
    text = node.IsMap() ? "{…}" : "(nothing)";
  }
  if (text.size() <= kLongestShownValue) return text;
  size_t end = kLongestShownValue;
  while ((text[end] & 0xC0) == 0x80) --end;  // not inside a UTF-8 sequence
  return text.substr(0, end) + "…";
}

std::optional<std::string> read_value(const YAML::Node& node, const FieldValue& value) {
  return std::visit(Assign{node}, value);
}

}  // namespace dermatome
