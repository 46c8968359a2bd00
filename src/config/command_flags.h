// The flags of another program's command line.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dermatome {

class CommandFlags {
 public:
  struct Flag {
    std::string written;  // "--batch-size"
    std::vector<std::string> values;

    // As on the command line, but without quotation marks.
    std::string text() const;
    // The value of a flag that takes one; "" if it has none. Throws ConfigError if it has several.
    std::string value() const;
  };

  // Reads the flags behind the program's name (a word that ends in .py, or the module behind -m)
  // and before what a shell sends elsewhere or does next (> log.txt, | tee, &&), or all flags if
  // there is no such word. Names are compared as normalized_name() writes them, and the last flag
  // of a name counts. Throws ConfigError if there is no flag, and as shell_words().
  explicit CommandFlags(std::string_view command);

  // Takes a flag away; nullopt: it is not there.
  std::optional<Flag> take(std::string_view name);
  // The same for a flag with one value, which is "" if there is none. Throws ConfigError that names
  // the flag if there are several.
  std::optional<std::string> take_value(std::string_view name);
  // The same for a flag without a value: whether it is there. Throws ConfigError if it has one.
  bool take_switch(std::string_view name);

  // What was not taken, by normalized names.
  const std::map<std::string, Flag, std::less<>>& rest() const { return flags_; }
  // How many processes torchrun starts; 0: the command does not say it.
  int64_t processes() const { return processes_; }

 private:
  std::map<std::string, Flag, std::less<>> flags_;
  int64_t processes_ = 0;
};

}  // namespace dermatome
