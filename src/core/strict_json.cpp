#include "src/core/strict_json.h"

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>
#include <vector>

#include "src/core/error.h"
#include "src/core/json_text.h"
#include "src/core/nearest_key.h"
#include "src/core/quoted.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

using nlohmann::json;

const json kNothing;

// `value` as messages show it.
std::string shown(const json& value) {
  constexpr size_t kLongest = 200;
  std::string line = json_line(value);
  if (line.size() <= kLongest) return line;
  size_t end = kLongest;
  while ((line[end] & 0xC0) == 0x80) --end;  // not inside a UTF-8 sequence
  return line.substr(0, end) + "...";
}

template <typename T>
struct IsList : std::false_type {};
template <typename T>
struct IsList<std::vector<T>> : std::true_type {};

// What a `T` must be.
template <typename T>
std::string expected() {
  if constexpr (std::is_same_v<T, bool>) {
    return "true or false";
  } else if constexpr (std::is_integral_v<T>) {
    using Limits = std::numeric_limits<T>;
    return text("a whole number from ", Limits::min(), " to ", Limits::max());
  } else if constexpr (std::is_same_v<T, double>) {
    return "a number";
  } else if constexpr (std::is_same_v<T, std::string>) {
    return "text";
  } else {
    return "a list; each of its entries " + expected<typename T::value_type>();
  }
}

template <typename T>
bool convert(const json& value, T& out) {
  if constexpr (std::is_same_v<T, bool>) {
    if (!value.is_boolean()) return false;
    out = value.get<bool>();
  } else if constexpr (std::is_integral_v<T>) {
    if (!value.is_number_integer()) return false;
    const bool fits = value.is_number_unsigned() ? std::in_range<T>(value.get<uint64_t>())
                                                 : std::in_range<T>(value.get<int64_t>());
    if (!fits) return false;
    out = value.get<T>();
  } else if constexpr (std::is_same_v<T, double>) {
    if (!value.is_number()) return false;
    out = value.get<double>();
  } else if constexpr (IsList<T>::value) {
    if (!value.is_array()) return false;
    out.assign(value.size(), {});
    for (size_t i = 0; i < value.size(); ++i) {
      if (!convert(value[i], out[i])) return false;
    }
  } else {
    if (!value.is_string()) return false;
    out = value.get<std::string>();
  }
  return true;
}

}  // namespace

json parse_json(std::string_view content, const std::string& file) {
  std::vector<std::set<std::string>> open;  // keys of the objects around the place being read
  std::string twice;
  const auto note = [&](int /*depth*/, json::parse_event_t event, const json& parsed) {
    if (event == json::parse_event_t::object_start) {
      open.emplace_back();
    } else if (event == json::parse_event_t::object_end) {
      open.pop_back();
    } else if (event == json::parse_event_t::key) {
      const auto& key = parsed.get_ref<const std::string&>();
      if (!open.back().insert(key).second) twice = key;
    }
    return true;
  };
  json document;
  try {
    document = json::parse(content, note);
  } catch (const json::exception& error) {
    throw DataError(text(file, ": not valid JSON: ", error.what()));
  }
  if (!twice.empty()) {
    throw DataError(text(file, ": the key ", dermatome::quoted(twice), " is there a second time"));
  }
  return document;
}

JsonObject::JsonObject(std::string file, std::string name, const json& value)
    : where_(file.empty() ? "" : std::move(file) + ": "), name_(std::move(name)), value_(value) {
  if (!value_.is_object()) {
    throw DataError(text(where_, name_.empty() ? "the file" : name_.c_str(), " (", shown(value_),
                         ") must be a JSON object"));
  }
}

bool JsonObject::has(const std::string& key) const {
  const auto found = value_.find(key);
  return found != value_.end() && !found->is_null();
}

bool JsonObject::contains(const std::string& key) const { return value_.contains(key); }

const json& JsonObject::find(const std::string& key) {
  known_.insert(key);
  return has(key) ? value_.at(key) : kNothing;
}

JsonObject JsonObject::object(const std::string& key) {
  const json& value = find(key);
  if (value.is_null()) fail(key, "must be a JSON object");
  return {where_.substr(0, where_.empty() ? 0 : where_.size() - 2), qualified(key), value};
}

template <typename T>
T JsonObject::get(const std::string& key) {
  if (find(key).is_null()) fail(key, "is needed: " + expected<T>());
  T out{};
  read(key, out);
  return out;
}

template <typename T>
void JsonObject::read(const std::string& key, T& out) {
  const json& value = find(key);
  if (!value.is_null() && !convert(value, out)) fail(key, "must be " + expected<T>());
}

#define DERMATOME_JSON_TYPE(...)                            \
  template __VA_ARGS__ JsonObject::get(const std::string&); \
  template void JsonObject::read(const std::string&, __VA_ARGS__&);
DERMATOME_JSON_TYPE(bool)
DERMATOME_JSON_TYPE(int)
DERMATOME_JSON_TYPE(int64_t)
DERMATOME_JSON_TYPE(uint32_t)
DERMATOME_JSON_TYPE(uint64_t)
DERMATOME_JSON_TYPE(double)
DERMATOME_JSON_TYPE(std::string)
DERMATOME_JSON_TYPE(std::vector<std::string>)
DERMATOME_JSON_TYPE(std::vector<uint64_t>)
DERMATOME_JSON_TYPE(std::vector<double>)
#undef DERMATOME_JSON_TYPE

void JsonObject::finish(const std::string& hint) const {
  for (const auto& [key, value] : value_.items()) {
    if (known_.contains(key)) continue;
    std::vector<std::string> known;
    for (const std::string& name : known_) known.push_back(qualified(name));
    throw DataError(text(where_, unknown_key(qualified(key), shown(value), known), hint));
  }
}

void JsonObject::fail(const std::string& key, const std::string& problem) const {
  const auto found = value_.find(key);
  throw DataError(text(where_, qualified(key), " (",
                       found == value_.end() ? "missing" : shown(*found), ") ", problem));
}

std::string JsonObject::qualified(const std::string& key) const {
  return name_.empty() ? key : name_ + "." + key;
}

}  // namespace dermatome
