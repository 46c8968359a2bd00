#include "launcher/commands/choice.h"

#include <algorithm>

#include "src/core/quoted.h"
#include "src/core/text.h"

namespace dermatome {

CLI::Option* add_word_option(CLI::App& command, const std::string& name,
                             const std::vector<std::string>& words, const std::string& current,
                             const std::function<void(size_t)>& choose, const std::string& help) {
  const std::string listed = CLI::detail::join(words, "|");
  const auto take = [=](const std::string& given) {
    const auto found = std::ranges::find(words, given);
    if (found == words.end()) {
      throw CLI::ValidationError(name, text(quoted(given), " is none of ", listed));
    }
    choose(static_cast<size_t>(found - words.begin()));
  };
  CLI::Option* option = command.add_option_function<std::string>(name, take, help);
  return option->type_name(listed)->default_str(current);
}

}  // namespace dermatome
