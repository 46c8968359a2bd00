#include "src/config/flag_translation.h"

#include <algorithm>
#include <charconv>
#include <utility>
#include <variant>

#include "src/config/train_config.h"
#include "src/config/train_fields.h"
#include "src/core/error.h"
#include "src/core/text.h"
#include "src/core/wrapped.h"

namespace dermatome {

FlagTranslation::FlagTranslation(CommandFlags command)
    : flags(std::move(command)),
      fields_(train_fields(options_)),
      reader_(fields_, "the command line") {}

bool FlagTranslation::is_setting(std::string_view key) const {
  return std::ranges::find(fields_, key, &Field::key) != fields_.end();
}

std::string FlagTranslation::setting_named(std::string_view name) const {
  const auto found = std::ranges::find_if(fields_, [name](const Field& field) {
    return std::string_view(field.key).substr(field.key.rfind('.') + 1) == name;
  });
  return found == fields_.end() ? std::string() : found->key;
}

void FlagTranslation::set(const std::string& key, std::string value, const std::string& flag) {
  const auto field = std::ranges::find(fields_, key, &Field::key);
  require(field != fields_.end(), text("no setting is called ", key));
  if (std::holds_alternative<std::string*>(field->value)) value = value_text(&value);
  reader_.apply_override(text(key, "=", value), flag);
}

std::optional<int64_t> FlagTranslation::take_number(std::string_view name) {
  const auto flag = flags.take(name);
  if (!flag) return std::nullopt;
  const std::string value = flag->value();
  constexpr int64_t kLargest = 1'000'000'000;
  int64_t number = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  const bool is_whole = error == std::errc() && end == value.data() + value.size();
  if (!is_whole || number < 0 || number > kLargest) {
    throw ConfigError(
        text(flag->written, " has the value '", value, "', which is no whole number"));
  }
  return number;
}

void FlagTranslation::remark(std::string_view subject, std::string_view words) {
  remarks_ += wrapped(text(subject, ": ", words, "."), "# - ", "#   ");
}

std::string FlagTranslation::yaml() const {
  reader_.check_ranges();
  std::vector<Setting> settings;
  for (Setting& setting : list_settings(options_)) {
    if (reader_.is_set(setting.key)) settings.push_back(std::move(setting));
  }
  return text("# Translated from a command line of open_clip or MAKE.\n", remarks_,
              settings_yaml(settings));
}

}  // namespace dermatome
