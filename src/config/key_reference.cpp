#include "src/config/key_reference.h"

#include <algorithm>
#include <vector>

#include "src/config/field.h"
#include "src/config/foreign_keys.h"
#include "src/config/option_meanings.h"
#include "src/config/train_fields.h"
#include "src/config/train_options.h"
#include "src/core/error.h"
#include "src/core/nearest_key.h"
#include "src/core/text.h"
#include "src/core/wrapped.h"

namespace dermatome {
namespace {

std::string_view section_of(const std::string& key) {
  return std::string_view(key).substr(0, std::min(key.find('.'), key.size()));
}

std::string_view last_part(const std::string& key) {
  return std::string_view(key).substr(key.rfind('.') + 1);
}

const std::string& meaning_of(const std::string& key) {
  const auto found = option_meanings().find(key);
  require(found != option_meanings().end(), text("no comment explains ", key));
  return found->second;
}

// "Peak rate. A number, above 0." becomes a comment.
std::string comment_of(const Field& field, const std::string& indent) {
  const std::string start = text(indent, "# ");
  return wrapped(text(meaning_of(field.key), " (", allowed_text(field), ")"), start, start);
}

// Names of other programs for `key`, such as "learning_rate, base_lr"; empty: none.
std::string other_names(const std::string& key) {
  std::string names;
  for (const ForeignKey& foreign : foreign_train_keys()) {
    if (foreign.key != key) continue;
    names += text(names.empty() ? "" : " ", foreign.names);
  }
  size_t space = 0;
  while ((space = names.find(' ', space)) != std::string::npos) {
    names.replace(space, 1, ", ");
    space += 2;
  }
  return names;
}

std::string explained(const Field& field) {
  std::string lines = field.key + "\n";
  lines += wrapped(meaning_of(field.key), "  ", "  ");
  lines += wrapped(text("Value: ", allowed_text(field)), "  ", "    ");
  lines += wrapped(text("Default: ", value_text(field.value)), "  ", "    ");
  const std::string names = other_names(field.key);
  if (!names.empty()) lines += wrapped(text("Elsewhere called: ", names), "  ", "    ");
  return lines;
}

// The fields that `key` names: a setting, a section, or a last part.
std::vector<Field> fields_named(const std::vector<Field>& fields, const std::string& key) {
  std::vector<Field> named;
  std::ranges::copy_if(fields, std::back_inserter(named), [&](const Field& field) {
    return field.key == key || field.key.starts_with(key + ".");
  });
  if (!named.empty()) return named;
  std::ranges::copy_if(fields, std::back_inserter(named),
                       [&](const Field& field) { return last_part(field.key) == key; });
  return named;
}

[[noreturn]] void fail_unknown(const std::string& key, const std::vector<Field>& fields) {
  std::vector<std::string> known;
  for (const Field& field : fields) known.push_back(field.key);
  const std::string nearest = nearest_key(key, known);
  throw ConfigError(
      text("unknown key '", key, "'; ",
           nearest.empty() ? "" : text("the nearest known key is '", nearest, "', and "),
           "`dermatome config --defaults` lists all"));
}

}  // namespace

std::string commented_defaults() {
  TrainOptions options;
  std::string yaml =
      "# Every key of a training's configuration with its default. A configuration names only the\n"
      "# keys that it changes; model.architecture and data.train have no usable default.\n";
  std::string_view section;
  const std::vector<Field> fields = train_fields(options);
  for (const Field& field : fields) {
    const bool nested = field.key.find('.') != std::string::npos;
    yaml += "\n";
    if (nested && section_of(field.key) != section) {
      section = section_of(field.key);
      yaml += text(section, ":\n");
    }
    const std::string indent = nested ? "  " : "";
    yaml += text(comment_of(field, indent), indent,
                 nested ? field.key.substr(section.size() + 1) : field.key, ": ",
                 value_text(field.value), "\n");
  }
  return yaml;
}

std::string explained_key(std::string_view key) {
  TrainOptions options;
  const std::vector<Field> fields = train_fields(options);
  std::string name = normalized_name(key), lines;
  std::vector<Field> named = fields_named(fields, name);
  if (const ForeignKey* foreign = find_foreign(name, foreign_train_keys());
      foreign != nullptr && named.empty()) {
    lines = text(key, ": ", answer_to(*foreign), "\n");
    if (foreign->key.empty()) return lines;
    named = fields_named(fields, std::string(foreign->key));
  }
  if (named.empty()) fail_unknown(name, fields);
  for (const Field& field : named) lines += text(lines.empty() ? "" : "\n", explained(field));
  return lines;
}

}  // namespace dermatome
