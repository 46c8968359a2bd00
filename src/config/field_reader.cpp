#include "src/config/field_reader.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <optional>
#include <set>

#include "src/config/value_reader.h"
#include "src/core/error.h"
#include "src/core/file.h"
#include "src/core/nearest_key.h"
#include "src/core/text.h"

namespace dermatome {
namespace {

struct InRange {
  const Range& range;
  bool operator()(int64_t* value) const { return range.contains(static_cast<double>(*value)); }
  bool operator()(double* value) const { return range.contains(*value); }
  bool operator()(std::span<double> values) const {
    return std::all_of(values.begin(), values.end(),
                       [this](double v) { return range.contains(v); });
  }
  bool operator()(std::vector<double>* values) const { return (*this)(std::span(*values)); }
  bool operator()(std::optional<double>* value) const {
    return !value->has_value() || range.contains(**value);
  }
  template <typename Other>
  bool operator()(const Other&) const {
    return true;
  }
};

constexpr const char* kTabProblem =
    "a tab stands in the indentation. YAML takes only spaces there; replace every such tab by "
    "spaces";

// Where the first tab stands in the indentation of the marked line, which ends behind the dash of a
// list's item; nullopt if there is none.
std::optional<YAML::Mark> tab_in_indentation(const std::string& yaml, YAML::Mark mark) {
  if (mark.is_null()) return std::nullopt;
  size_t begin = 0;
  for (int line = 0; line < mark.line; ++line) {
    begin = yaml.find('\n', begin);
    if (begin == std::string::npos) return std::nullopt;
    ++begin;
  }
  const size_t end = yaml.find_first_not_of(" -\t", begin);
  const size_t tab = yaml.substr(begin, end - begin).find('\t');
  if (tab == std::string::npos) return std::nullopt;
  mark.column = static_cast<int>(tab);
  return mark;
}

}  // namespace

FieldReader::FieldReader(std::vector<Field> fields, std::string source, KnownKeys known)
    : fields_(fields.begin(), fields.end()), source_(std::move(source)), known_(known) {}

void FieldReader::read(const std::filesystem::path& path) {
  std::string yaml;
  try {
    yaml = read_file(path);
    const auto documents = YAML::LoadAll(yaml);
    if (documents.size() > 1) {
      throw ConfigError(where(documents[1].Mark()) + ": a second YAML document; keep one per file");
    }
    if (!documents.empty() && !documents[0].IsNull()) read_map(documents[0], "");
  } catch (const DataError& error) {
    throw ConfigError(std::string("configuration: ") + error.what());
  } catch (const YAML::Exception& error) {
    const auto tab = tab_in_indentation(yaml, error.mark);
    throw ConfigError(
        text(where(tab.value_or(error.mark)), ": not valid YAML: ", tab ? kTabProblem : error.msg));
  }
}

void FieldReader::apply_override(const std::string& text, const std::string& where) {
  override_ = where.empty() ? dermatome::text("override '", text, "'") : where;
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    throw ConfigError(override_ + ": expected key=value");
  }
  try {
    read_entry(text.substr(0, equals), YAML::Load(text.substr(equals + 1)), override_);
  } catch (const YAML::Exception& error) {
    throw ConfigError(dermatome::text(override_, ": the value is not valid YAML: ", error.msg));
  }
  override_.clear();
}

void FieldReader::check_ranges() const {
  for (const Field& field : fields_) {
    if (!std::visit(InRange{field.range}, field.value)) {
      fail(field.key, "must be " + field.range.describe());
    }
  }
}

void FieldReader::fail(std::string_view key, const std::string& problem) const {
  const auto place = places_.find(key);
  if (place != places_.end()) {
    throw ConfigError(
        text(place->second.where, ": ", key, " = ", place->second.value, " ", problem));
  }
  const Field* field = find(key);
  require(field != nullptr, text("no field is called ", key));
  throw ConfigError(
      text(source_, ": ", key, " = ", value_text(field->value), " (the default) ", problem));
}

std::string FieldReader::where(const YAML::Mark& mark) const {
  if (!override_.empty()) return override_;
  if (mark.is_null()) return source_;
  return text(source_, ":", mark.line + 1, ":", mark.column + 1);
}

void FieldReader::read_map(const YAML::Node& map, const std::string& prefix) {
  if (!map.IsMap()) {
    const std::string what =
        prefix.empty() ? "the document" : text("'", prefix.substr(0, prefix.size() - 1), "'");
    throw ConfigError(text(where(map.Mark()), ": ", what, " = ", shown(map),
                           " is not a mapping of keys to values", keys_of(prefix)));
  }
  std::set<std::string> seen;
  for (const auto& entry : map) {
    const std::string place = where(entry.first.Mark());
    if (!entry.first.IsScalar()) {
      throw ConfigError(text(place, ": the key ", shown(entry.first), " is not text"));
    }
    const std::string key = prefix + entry.first.Scalar();
    if (!seen.insert(key).second) {
      throw ConfigError(text(place, ": ", key, " = ", shown(entry.second),
                             " is there a second time; the first is at ", places_.at(key).where));
    }
    read_entry(key, entry.second, place);
  }
}

void FieldReader::read_entry(const std::string& key, const YAML::Node& value,
                             const std::string& where) {
  const Place place{where, shown(value)};
  const Field* field = find(key);
  const RetiredKey* retired = field == nullptr ? find_retired(key) : nullptr;
  const bool passed_over = retired != nullptr && !retired->harmless.empty() && value.IsScalar() &&
                           value.Scalar() == retired->harmless;
  if (field == nullptr && !passed_over && !is_section(key)) fail_unknown(key, place);
  places_[key] = place;
  if (passed_over) return;
  if (field == nullptr) {
    if (!value.IsNull()) read_map(value, key + ".");
    return;
  }
  if (const auto problem = read_value(value, field->value)) fail(key, *problem);
  if (auto* classes = std::get_if<std::vector<BenchmarkClass>*>(&field->value)) {
    read_classes(key, value, **classes);
  }
}

void FieldReader::read_classes(const std::string& key, const YAML::Node& list,
                               std::vector<BenchmarkClass>& classes) {
  for (size_t i = 0; i < classes.size(); ++i) {
    const std::string entry = text(key, "[", i, "]");
    fields_.push_back({entry + ".label", &classes[i].label});
    fields_.push_back({entry + ".names", &classes[i].names});
    read_entry(entry, list[i], where(list[i].Mark()));
  }
}

const Field* FieldReader::find(std::string_view key) const {
  const auto found = std::ranges::find(fields_, key, &Field::key);
  return found == fields_.end() ? nullptr : &*found;
}

std::string FieldReader::keys_of(const std::string& prefix) const {
  std::string keys;
  for (const Field& field : fields_) {
    if (prefix.empty() || !field.key.starts_with(prefix)) continue;
    keys += (keys.empty() ? "; its keys are " : ", ") + field.key.substr(prefix.size());
  }
  return keys;
}

std::string FieldReader::keys_beside(const std::string& key) const {
  const std::string section = key.substr(0, key.find('.'));
  if (key != section && is_section(section)) return keys_of(section + ".");
  std::vector<std::string> names;
  for (const Field& field : fields_) names.push_back(field.key.substr(0, field.key.find('.')));
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return text("; the keys are ", joined(names));
}

bool FieldReader::is_section(const std::string& key) const {
  const auto is_in = [&key](const Field& field) { return field.key.starts_with(key + "."); };
  return std::any_of(fields_.begin(), fields_.end(), is_in);
}

const RetiredKey* FieldReader::find_retired(std::string_view key) const {
  const auto found = std::ranges::find(known_.retired, key, &RetiredKey::key);
  return found == known_.retired.end() ? nullptr : &*found;
}

void FieldReader::fail_unknown(const std::string& key, const Place& place) const {
  if (const RetiredKey* retired = find_retired(key)) {
    throw ConfigError(
        text(place.where, ": ", key, " = ", place.value, " ", problem_with(*retired)));
  }
  if (const ForeignKey* foreign = find_foreign(key, known_.foreign)) {
    throw ConfigError(text(place.where, ": unknown key '", key, "' with value ", place.value, "; ",
                           answer_to(*foreign)));
  }
  std::vector<std::string> known;
  for (const Field& field : fields_) {
    known.push_back(field.key);
    known.push_back(field.key.substr(0, field.key.rfind('.')));
  }
  throw ConfigError(text(place.where, ": ", unknown_key(key, place.value, known),
                         nearest_key(key, known).empty() ? keys_beside(key) : ""));
}

}  // namespace dermatome
