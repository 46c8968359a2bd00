// Collects the settings that another program's flags stand for, and remarks about the others.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "src/config/command_flags.h"
#include "src/config/field_reader.h"
#include "src/config/train_options.h"

namespace dermatome {

class FlagTranslation {
 public:
  explicit FlagTranslation(CommandFlags command);
  FlagTranslation(const FlagTranslation&) = delete;
  FlagTranslation& operator=(const FlagTranslation&) = delete;

  // The flags; whoever translates one takes it away.
  CommandFlags flags;

  // Whether `key` is a setting of a training.
  bool is_setting(std::string_view key) const;
  // The setting whose key has `name` behind its section; empty: none.
  std::string setting_named(std::string_view name) const;
  // Sets `key` to a value, which is YAML unless the setting is text. `flag`: the flag that has this
  // value, as it was written; empty: no flag has it. Throws ConfigError, which names the flag, for
  // a value that the setting does not take.
  void set(const std::string& key, std::string value, const std::string& flag = "");
  // Takes a flag whose value is a whole number; nullopt: it is not there. Throws ConfigError, which
  // names the flag.
  std::optional<int64_t> take_number(std::string_view name);
  // What the reader of the configuration must know about `subject`.
  void remark(std::string_view subject, std::string_view words);

  // The remarks as comments, then what was set. Throws ConfigError for a value out of range.
  std::string yaml() const;

 private:
  TrainOptions options_;
  std::vector<Field> fields_;
  FieldReader reader_;
  std::string remarks_;
};

}  // namespace dermatome
